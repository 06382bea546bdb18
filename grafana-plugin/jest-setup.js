// Jest setup provided by Grafana scaffolding
import './.config/jest-setup';

class Silent {
  observe() {}
  unobserve() {}
  disconnect() {}
}

class SilentChannel {
  port1 = { postMessage() {}, onmessage: null, close() {} };
  port2 = { postMessage() {}, onmessage: null, close() {} };
}

// jsdom has none of these; React 19 and @grafana/ui ask for them when they are imported.
Object.assign(global, { MessageChannel: SilentChannel, ResizeObserver: Silent, IntersectionObserver: Silent });
