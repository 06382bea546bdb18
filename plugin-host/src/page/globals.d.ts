import type { BootData } from '../server/bootData.ts';

declare global {
  interface Window {
    grafanaBootData: BootData;
    System: SystemLoader;
  }
  interface SystemLoader {
    set(id: string, module: object): void;
    import<T>(url: string): Promise<T>;
    addImportMap(map: { imports: Record<string, string> }): void;
    constructor: { prototype: { resolve(id: string, parent?: string): string } };
  }
}
