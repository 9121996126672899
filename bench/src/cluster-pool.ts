// Clusters for workloads: new processes for each of them, so that none finds what another has left, or, where time
// matters more than figures, the same processes for all. Must end all of them.
import { Cluster, type ClusterOptions } from "./cluster.js";

/** What is the same for all clusters, and whether processes go on from workload to workload. */
export interface ClusterPoolOptions extends Omit<ClusterOptions, "id" | "system" | "workload"> {
  readonly keepsProcesses: boolean;
}

export class ClusterPool {
  readonly #options: ClusterPoolOptions;
  readonly #kept = new Map<string, Cluster>();

  constructor(options: ClusterPoolOptions) {
    this.#options = options;
  }

  /** A cluster without nodes. */
  take(part: Pick<ClusterOptions, "id" | "system" | "workload">): Cluster {
    const kept = this.#kept.get(part.id);
    const cluster = kept ?? new Cluster({ ...this.#options, ...part });
    cluster.looksTooEarly = 0;
    if (this.#options.keepsProcesses) this.#kept.set(part.id, cluster);
    return cluster;
  }

  /** Its workload is done. */
  async giveBack(cluster: Cluster): Promise<void> {
    if (!this.#options.keepsProcesses) await cluster.end();
  }

  /** Ends what was kept. */
  async end(): Promise<void> {
    const clusters = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.all(clusters.map((cluster) => cluster.end()));
  }
}
