/** The rule files as text. */
import { stringify } from 'yaml';
import { alertGroups } from './alerts.ts';
import { defaultLinks, type Links } from './links.ts';
import { recordingRules } from './recording.ts';
import { defaultTiming, duration, type Timing } from './thresholds.ts';

const header = '# Made by alerting-rules/src/write.ts from src/thresholds.ts; do not edit by hand.\n';

export type RuleFiles = Readonly<Record<'recording.yml' | 'alerts.yml', string>>;

export function ruleFiles(timing: Timing = defaultTiming, links: Links = defaultLinks): RuleFiles {
  const interval = duration(Math.max(1, Math.round(timing.scrapeIntervalSeconds)));
  const recording = [{ name: 'hashfleet-sums', interval, rules: recordingRules(timing) }];
  const alerts = alertGroups(timing, links).map(({ name, rules }) => ({ name, interval, rules }));
  return { 'recording.yml': yaml({ groups: recording }), 'alerts.yml': yaml({ groups: alerts }) };
}

const yaml = (value: unknown) => header + stringify(value, { lineWidth: 0 });
