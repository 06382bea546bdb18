/** The only import of prom-client: the project moves to @prometheus-io/client once Node 20 is no longer supported. */
export { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
