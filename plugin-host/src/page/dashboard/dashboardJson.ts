import { type DataTransformerConfig, type FieldConfigSource } from '@grafana/data';

/** The part of the classic dashboard model that this page draws. */
export interface DashboardJson {
  uid: string;
  title: string;
  description?: string;
  time?: { from: string; to: string };
  refresh?: string | false;
  templating?: { list: VariableJson[] };
  panels: PanelJson[];
}

export interface VariableJson {
  name: string;
  type: string;
  label?: string;
  query?: string | { query?: string };
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string | null;
  regex?: string | null;
  hide?: number | string | null;
  current?: { value?: string | string[] };
}

export interface PanelJson {
  id: number;
  type: string;
  title?: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  collapsed?: boolean;
  panels?: PanelJson[];
  targets?: Array<{ refId: string; expr?: string; legendFormat?: string; instant?: boolean; range?: boolean; format?: string; interval?: string; hide?: boolean }>;
  transformations?: DataTransformerConfig[];
  fieldConfig?: FieldConfigSource;
  options?: Record<string, unknown>;
  interval?: string;
}

export interface Section {
  title?: string;
  collapsed: boolean;
  panels: PanelJson[];
}

/** A row begins a section; a collapsed one carries its panels inside. */
export function sectionsOf(panels: PanelJson[]): Section[] {
  const sorted = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  const sections: Section[] = [{ collapsed: false, panels: [] }];
  for (const panel of sorted) {
    if (panel.type === 'row') {
      sections.push({ title: panel.title, collapsed: panel.collapsed === true, panels: [...(panel.panels ?? [])] });
    } else {
      sections.at(-1)!.panels.push(panel);
    }
  }
  return sections.filter((section) => section.title !== undefined || section.panels.length > 0);
}

/** JSON has no infinity: the lowest step of thresholds is written as null. */
export function withLowestSteps<T>(value: T): T {
  if (Array.isArray(value)) {
    return value.map(withLowestSteps) as T;
  }
  if (value && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [
        key,
        key === 'steps' && Array.isArray(one) ? one.map((step: { value: number | null }) => ({ ...step, value: step.value ?? -Infinity })) : withLowestSteps(one),
      ])
    ) as T;
  }
  return value;
}
