# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -e "csv='build/bench.csv'; svg='build/bench.svg'" bench.gp
set datafile separator ','
set datafile missing ''
set terminal svg size 1500,700 noenhanced background '#ffffff'
set output svg
set title 'RMI commands from RMM_ACTIVATE to available. Nothing drawn: can''t succeed. static-old: v14 isn''t told the truth'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set logscale y
set yrange [1:*]
set ylabel 'commands'
set grid ytics
set xtics rotate by -45 nomirror
set key top left
set rmargin 12
plot csv using 3:xtic(stringcolumn(1).' '.stringcolumn(2)) every ::1 title 'v14' linecolor rgb '#999999', \
     '' using 4 every ::1 title 'newest' linecolor rgb '#e69f00', \
     '' using 5 every ::1 title 'module' linecolor rgb '#0072b2', \
     '' using 6 every ::1 title 'bound' linecolor rgb '#009e73'
