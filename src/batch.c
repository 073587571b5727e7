// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "batch.h"

/* More than so many CPUs wait for each other in the RMM, rather than for its work */
#define DEFAULT_THREADS	16U

static unsigned int threads;
module_param(threads, uint, 0400);
MODULE_PARM_DESC(threads,
		 "on how many CPUs at once memory is covered (0, the default: all, at most 16)");

struct worker {
	struct work_struct work;
	struct batch *batch;
	int nid;
};

/* unbound; from batch_open() to batch_close() */
static struct workqueue_struct *workers;

/**
 * batch_open() - before the first batch_run()
 *
 * Context: may sleep; module load.
 * Return: 0 or -ENOMEM.
 */
int batch_open(void)
{
	workers = alloc_workqueue("cca_rmi", WQ_UNBOUND, 0);
	return workers ? 0 : -ENOMEM;
}

/**
 * batch_close() - undo batch_open()
 *
 * Context: may sleep; module load or unload.
 */
void batch_close(void)
{
	destroy_workqueue(workers);
}

/* Jobs whose memory is on the same node come first, then any that nobody has begun */
static void take_jobs(struct batch *batch, int nid)
{
	unsigned int pass, i;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < batch->nr; i++) {
			struct job *job = &batch->job[i];

			if ((pass || job->nid == nid) && !atomic_xchg(&job->taken, 1))
				batch->run(job, &batch->places);
		}
	}
}

static void work(struct work_struct *w)
{
	const struct worker *worker = container_of(w, struct worker, work);

	take_jobs(worker->batch, worker->nid);
}

/**
 * batch_run() - have all jobs of a batch done, by this CPU and, where there is work, by others
 * @batch: the batch; what came of each job is in it, whatever the order was in which they were done
 *
 * Context: may sleep, allocates; waits for work that takes no lock but those that batch->run()
 * takes. No other batch runs.
 */
void batch_run(struct batch *batch)
{
	unsigned int helpers, i;
	struct worker *helper;

	helpers = min3(threads ?: DEFAULT_THREADS, num_online_cpus(), batch->nr);
	helpers -= min(helpers, 1U);
	/* Without memory for them this CPU does it alone */
	helper = kcalloc(helpers, sizeof(*helper), GFP_KERNEL);
	if (!helper)
		helpers = 0;
	for (i = 0; i < helpers; i++) {
		/* Spread over the batch, and so over the nodes */
		helper[i].nid = batch->job[(i + 1) * batch->nr / (helpers + 1)].nid;
		helper[i].batch = batch;
		INIT_WORK(&helper[i].work, work);
		queue_work_node(helper[i].nid, workers, &helper[i].work);
	}
	take_jobs(batch, batch->nr ? batch->job[0].nid : NUMA_NO_NODE);
	for (i = 0; i < helpers; i++)
		flush_work(&helper[i].work);
	kfree(helper);
}
