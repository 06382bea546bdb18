/** Types of stack.mjs for the end-to-end tests. */
export interface StackOptions {
  readonly folder: string;
  readonly fleet?: string;
  readonly portBase?: number;
  readonly miners?: number;
  readonly speed?: number;
  readonly scrapeSeconds?: number;
  readonly timeScale?: number;
  readonly said?: (what: string) => void;
  readonly notified?: (notification: unknown, path: string) => void;
}
export type ServiceName = 'metrics' | 'api' | 'prometheus' | 'alertmanager' | 'page' | 'simulatorControl' | 'simulatorPool' | 'notifications';
export interface Stack {
  readonly ports: Readonly<Record<ServiceName, number>>;
  url(name: ServiceName): string;
  readonly tokens: Readonly<Record<'read' | 'operate', string>>;
  readonly folder: string;
  readonly failure: Promise<never>;
  stop(): Promise<void>;
}
export function startStack(options: StackOptions): Promise<Stack>;
export const defaultPortBase: number;
export function localPrometheus(text: string, options: { ports: Readonly<Record<string, number>>; rules: string; scrapeSeconds: number }): string;
