/** As much of the replies' shape as the tests look at. */

export interface Range { min: number; max: number }

export interface Chain {
  id: number; frequency: number; voltage: number; power_consumption: number; hashrate_ideal: number; hashrate_rt: number;
  hashrate_percentage: number; hw_errors: number; pcb_temp: Range; chip_temp: Range;
  chip_statuses: { red: number; orange: number; grey: number };
  status: { state: string; description?: string };
}

export interface Pool {
  id: number; url: string; pool_type: string; status: string; accepted: number; rejected: number; diffa: number; ping: number;
}

export interface MinerStatus { miner_state: string; miner_state_time: number; description?: string; failure_code?: number; throttled?: number }

export interface SummaryMiner {
  miner_status: MinerStatus;
  hr_stock: number; hr_realtime: number; hr_average: number; hr_nominal: number; instant_hashrate: number; average_hashrate: number;
  pcb_temp: Range; chip_temp: Range; power_consumption: number; power_efficiency: number; hw_errors: number; restart_count: number;
  pools: Pool[];
  cooling: { fan_num: number; fan_duty: number; fans: { id: number; rpm: number; status: string }[] };
  chains: Chain[];
  psu: { temps: { pfc_temp: number } };
}

export interface Status extends MinerStatus { find_miner: boolean; restart_required: boolean; reboot_required: boolean; unlocked: boolean }

export interface Chip { id: number; hr: number; errs: number; grade: string; throttled: boolean }

export interface Board {
  id: number; status: { state: string; failure_message?: string }; hr_realtime: number; hr_nominal: number;
  sensors: { state: string; board: number; chip: number }[]; chips: Chip[];
}

export interface Preset { name: string; pretty: string; status: string; modded_psu_required: boolean }

export interface Metrics {
  metrics: { time: number; data: { hashrate: number } }[];
  annotations: { time: number; data: { type: string; board_id?: number } }[];
}

export interface Settings {
  miner: { misc: Record<string, unknown>; overclock: { preset: string; preset_switcher: Record<string, unknown> }; pools: unknown[] };
  network: Record<string, unknown>;
  regional: unknown;
  ui: unknown;
}

export interface Info { model: string; system: { uptime: string; network_status: { hostname: string } } }

/** What a GET of each path gives. */
export interface Replies {
  '/info': Info;
  '/status': Status;
  '/summary': { miner: SummaryMiner | null };
  '/perf-summary': { current_preset: Preset };
  '/boards': Board[];
  '/chains': Board[];
  '/metrics': Metrics;
  '/settings': Settings;
  '/autotune/presets': Preset[];
}

export interface WalletEx {
  code: number;
  data: { balances: Record<string, { balance: number; paid: number; total: number } | undefined>; miners: { ID: string; accepted: number; difficulty: number }[] };
}

export interface ControlMiner { name: string; address: string; repaired?: number; faults: { kind: string }[] }
