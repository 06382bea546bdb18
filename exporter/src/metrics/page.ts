/**
 * A resident page in Prometheus' text format 0.0.4. Each series is a line with a value slot of fixed width; a new value is
 * written into the slot when it is known, so that a scrape is one copy of memory. The format allows the blanks that fill
 * the slot (exporter-anchors.md, 3.1). A family is laid out anew only when one of its series comes or goes.
 */

/** Longest text of a double: 24 characters as in -1.2345678901234567e-100, 25 as in -0.0000012345678901234567. */
const slotWidth = 25;
const blank = 0x20;
const lineBreak = 0x0a;

export interface PageFamily {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
}

/** Takes one sample: `labels` is text as `labelText` makes it, or '' for none. Values that are not finite are left out. */
export type Emit = (family: string, labels: string, value: number | undefined) => void;

interface Row {
  readonly labels: string;
  value: number;
  /** Where the line begins in the family's bytes; -1 until it is laid out. */
  start: number;
  /** Where its value slot begins. */
  slot: number;
}

interface FamilyStore {
  readonly family: PageFamily;
  readonly header: Buffer;
  /** By owner, in the order in which the owners came. */
  readonly rows: Map<string, Row[]>;
  bytes: Buffer;
  dirty: boolean;
}

interface Owner {
  /** Labels that all of its series carry. */
  base: string;
  families: Map<FamilyStore, Row[]>;
}

/** One family's lines while its owner emits them anew. */
interface Turn {
  /** The new lines by their labels, once they differ from those before. */
  rows: Map<string, Row> | undefined;
  /** The lines before by their labels; made with `rows`. */
  before: Map<string, Row> | undefined;
  readonly kept: Row[] | undefined;
  count: number;
}

export interface Page {
  /** Replaces everything that `owner` exposes by what `collect` emits. */
  set(owner: string, base: string, collect: (emit: Emit) => void): void;
  /** Drops everything that `owner` exposes. */
  remove(owner: string): void;
  /** A copy of the page as it is now. */
  render(): Buffer;
  readonly seriesCount: number;
}

export function createPage(families: readonly PageFamily[]): Page {
  const stores = new Map<string, FamilyStore>(families.map((family) => [family.name, {
    family,
    header: Buffer.from(`# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`),
    rows: new Map(), bytes: Buffer.alloc(0), dirty: false,
  }]));
  const owners = new Map<string, Owner>();
  let seriesCount = 0;

  function storeOf(name: string): FamilyStore {
    const store = stores.get(name);
    if (store === undefined) throw new RangeError(`"${name}" is not in the catalogue of series`);
    return store;
  }

  function remove(name: string): void {
    const owner = owners.get(name);
    if (owner === undefined) return;
    for (const [store, rows] of owner.families) {
      store.rows.delete(name);
      store.dirty = true;
      seriesCount -= rows.length;
    }
    owners.delete(name);
  }

  return {
    set(name, base, collect) {
      const known = owners.get(name);
      // Another base means other labels on every line: an identity that changed is a new set of series.
      if (known !== undefined && known.base !== base) remove(name);
      const owner = owners.get(name) ?? { base, families: new Map<FamilyStore, Row[]>() };
      owners.set(name, owner);
      const next = new Map<FamilyStore, Turn>();

      collect((familyName, labels, value) => {
        if (value === undefined || !Number.isFinite(value)) return;
        const store = storeOf(familyName);
        let turn = next.get(store);
        if (turn === undefined) next.set(store, (turn = { rows: undefined, before: undefined, kept: owner.families.get(store), count: 0 }));
        const index = turn.count;
        turn.count += 1;
        const row = turn.kept?.[index];
        if (turn.rows === undefined && row?.labels === labels) {
          if (row.value !== value) {
            row.value = value;
            if (row.slot >= 0 && !store.dirty) writeSlot(store.bytes, row.slot, value);
          }
          return;
        }
        // From here on this family's lines differ from before: take over what was the same so far.
        turn.rows ??= new Map(turn.kept?.slice(0, index).map((one) => [one.labels, one]));
        turn.before ??= new Map(turn.kept?.map((one) => [one.labels, one]));
        // A reply that names a board twice must not make a series twice; the first one counts.
        if (turn.rows.has(labels)) return;
        const moved = turn.before.get(labels);
        if (moved === undefined) turn.rows.set(labels, { labels, value, start: -1, slot: -1 });
        else {
          moved.value = value;
          turn.rows.set(labels, moved);
        }
      });

      for (const [store, { rows, kept, count }] of next) {
        const final = rows === undefined ? (kept?.length === count ? undefined : kept?.slice(0, count)) : [...rows.values()];
        if (final === undefined) continue;
        seriesCount += final.length - (kept?.length ?? 0);
        owner.families.set(store, final);
        store.rows.set(name, final);
        store.dirty = true;
      }
      for (const [store, rows] of owner.families) {
        if (next.has(store)) continue;
        seriesCount -= rows.length;
        owner.families.delete(store);
        store.rows.delete(name);
        store.dirty = true;
      }
    },
    remove,
    render() {
      const parts: Buffer[] = [];
      for (const store of stores.values()) {
        if (store.dirty) layOut(store, owners);
        if (store.rows.size > 0) parts.push(store.bytes);
      }
      return Buffer.concat(parts);
    },
    get seriesCount() {
      return seriesCount;
    },
  };
}

/** Writes the family's lines anew; lines that were there before are copied, new ones are encoded. */
function layOut(store: FamilyStore, owners: ReadonlyMap<string, Owner>): void {
  const { header, rows: byOwner, bytes: before, family } = store;
  const fresh = new Map<Row, Buffer>();
  let size = header.length;
  for (const [name, rows] of byOwner) {
    const base = owners.get(name)?.base ?? '';
    for (const row of rows) {
      if (row.start >= 0) {
        size += row.slot - row.start + slotWidth + 1;
        continue;
      }
      const labels = base === '' || row.labels === '' ? base + row.labels : `${base},${row.labels}`;
      const prefix = Buffer.from(labels === '' ? `${family.name} ` : `${family.name}{${labels}} `);
      fresh.set(row, prefix);
      size += prefix.length + slotWidth + 1;
    }
  }
  const bytes = Buffer.allocUnsafe(size);
  let at = header.copy(bytes);
  for (const rows of byOwner.values()) {
    for (const row of rows) {
      const prefix = fresh.get(row);
      const length = prefix === undefined ? before.copy(bytes, at, row.start, row.slot) : prefix.copy(bytes, at);
      row.start = at;
      row.slot = at + length;
      writeSlot(bytes, row.slot, row.value);
      at = row.slot + slotWidth;
      bytes[at] = lineBreak;
      at += 1;
    }
  }
  store.bytes = bytes;
  store.dirty = false;
}

/** The value, right-aligned in its slot. */
function writeSlot(bytes: Buffer, slot: number, value: number): void {
  const text = Object.is(value, -0) ? '0' : String(value);
  const first = slot + slotWidth - text.length;
  for (let at = slot; at < first; at += 1) bytes[at] = blank;
  for (let index = 0; index < text.length; index += 1) bytes[first + index] = text.charCodeAt(index);
}

/** Longest label value; what is longer is cut, so that a hostile reply cannot swell the page. */
const longestLabelValue = 256;

/** `name="value"` pairs with Prometheus' escapes. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',');
}

function escapeLabel(value: string): string {
  const cut = value.length > longestLabelValue ? value.slice(0, longestLabelValue) : value;
  // Half a character cannot be written in UTF-8: two that differ would look the same, and a series stand there twice.
  return cut.replace(/\p{Surrogate}/gu, '\ufffd').replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

function escapeHelp(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
}
