// Jest setup provided by Grafana scaffolding
import './.config/jest-setup';
import { webcrypto } from 'crypto';

class Silent {
  observe() {}
  unobserve() {}
  disconnect() {}
}

// Delivers by timer: a real one keeps Jest open, a silent one stops React's scheduler.
class TimerChannel {
  constructor() {
    const port = (other) => ({ onmessage: null, close() {}, postMessage: (data) => setTimeout(() => other().onmessage?.({ data }), 0) });
    this.port1 = port(() => this.port2);
    this.port2 = port(() => this.port1);
  }
}

// jsdom has none of these; React 19 and @grafana/ui ask for them when they are imported.
Object.assign(global, { MessageChannel: TimerChannel, ResizeObserver: Silent, IntersectionObserver: Silent });

Object.defineProperty(global, 'crypto', { value: webcrypto, configurable: true });
