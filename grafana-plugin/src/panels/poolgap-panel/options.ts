export interface PoolGapOptions {
  /** Share of the work that is no loss: a miner's own figure is not truer than that. */
  tolerance: number;
}

/** As in docs/reconciliation.md. */
export const defaultOptions: PoolGapOptions = { tolerance: 0.01 };
