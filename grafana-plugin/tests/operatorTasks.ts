/** What an operator comes for, and how many clicks it may take from the fleet page, the last confirmation included. docs/operator-tasks.md lists the same. */
export const operatorTasks = {
  attention: { title: 'See what needs me now', clicks: 0 },
  worstBoard: { title: 'Name the weakest board of the fleet', clicks: 0 },
  red: { title: 'See why a miner is red', clicks: 1 },
  leastMoney: { title: 'Find the miner that earns least', clicks: 2 },
  whoDid: { title: 'Find who acted on a miner last', clicks: 1 },
  whoEver: { title: 'Find everything that a person did, as CSV', clicks: 4 },
  restart: { title: 'Restart a miner', clicks: 3 },
  locate: { title: 'Make a miner blink', clicks: 4 },
  maintenance: { title: 'Put a rack into maintenance until a time', clicks: 6 },
  cheaperPreset: { title: 'Plan a cheaper preset for all miners of a model and see that each circuit stays within its breaker', clicks: 7 },
  pauseCircuit: { title: 'Plan a pause of a whole circuit', clicks: 5 },
  hotMiners: { title: 'Choose all miners that are hotter than a limit', clicks: 3 },
  presetMoney: { title: 'See what another preset of a miner would bring', clicks: 2 },
  weakChips: { title: 'See the weak chips of a miner', clicks: 2 },
  log: { title: 'Read the log of a miner', clicks: 2 },
  credited: { title: 'See whether the pool credits a miner’s work', clicks: 2 },
  month: { title: 'See what came in this month', clicks: 2 },
  runbook: { title: 'Read what to do about an alert', clicks: 2 },
  silence: { title: 'Silence an alert', clicks: 3 },
  advice: { title: 'Follow the advice that brings most', clicks: 3 },
  note: { title: 'Leave a note on a miner', clicks: 4 },
  setup: { title: 'See whether every part works', clicks: 1 },
} as const;

export type OperatorTask = keyof typeof operatorTasks;
