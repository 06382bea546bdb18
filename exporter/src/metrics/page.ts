/**
 * A resident page in Prometheus' text format 0.0.4. Each series is a line with a value slot of fixed width; a new value is
 * written into the slot when it is known, so that a scrape is one copy of memory. The format allows the blanks that fill
 * the slot (exporter-anchors.md, 3.1). A family lies there in chunks of some owners each; when a series comes or goes, only its
 * chunk is laid out anew, so that in a fleet of thousands, where always one comes or goes, a scrape stays a copy.
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

/** Owners whose lines are laid out together: few enough that it takes a fraction of a millisecond, many enough that a page is few copies. */
const ownersInChunk = 256;

interface Chunk {
  /** By owner, in the order in which the owners came. */
  readonly rows: Map<string, Row[]>;
  bytes: Buffer;
  dirty: boolean;
}

interface FamilyStore {
  readonly index: number;
  readonly family: PageFamily;
  readonly header: Buffer;
  readonly chunks: (Chunk | undefined)[];
  /** Owners that have a line. */
  owners: number;
}

interface Owner {
  /** Labels that all of its series carry. */
  readonly base: string;
  /** Which chunk of each family holds its lines. */
  readonly chunk: number;
  /** Its rows of each family, by the family's index. */
  readonly rows: (Row[] | undefined)[];
}

export interface Page {
  /** Replaces everything that `owner` exposes by what `collect` emits. */
  set(owner: string, base: string, collect: (emit: Emit) => void): void;
  /** Drops everything that `owner` exposes. */
  remove(owner: string): void;
  /**
   * A copy of the page as it is now, `tail` behind it: in the memory of `spare`, a page that this gave before, if that is large
   * enough, else in new memory. The first touch of fresh memory costs more than the copy, so a page that is served often wants the same spare again.
   */
  render(spare?: Buffer, tail?: Buffer): Buffer;
  readonly seriesCount: number;
}

export function createPage(families: readonly PageFamily[]): Page {
  const stores = families.map((family, index): FamilyStore => ({
    index, family,
    header: Buffer.from(`# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`),
    chunks: [], owners: 0,
  }));
  const byName = new Map(stores.map((store) => [store.family.name, store]));
  const owners = new Map<string, Owner>();
  /** Owners in each chunk; one that leaves makes room for another. */
  const filled: number[] = [];
  let seriesCount = 0;
  // Used anew by each `set`: how many rows of each family came so far, and the changed list where one is needed.
  const counts = new Int32Array(stores.length);
  const changed: (Map<string, Row> | undefined)[] = stores.map(() => undefined);
  // The rows before by their labels, made with `changed`: a list that is searched for each row costs time in the square.
  const earlier: (Map<string, Row> | undefined)[] = stores.map(() => undefined);

  function put(name: string, owner: Owner, { store, rows }: { store: FamilyStore; rows: Row[] | undefined }): void {
    const before = owner.rows[store.index];
    seriesCount += (rows?.length ?? 0) - (before?.length ?? 0);
    store.owners += Number(rows !== undefined) - Number(before !== undefined);
    owner.rows[store.index] = rows;
    const chunk = store.chunks[owner.chunk] ??= { rows: new Map(), bytes: Buffer.alloc(0), dirty: false };
    if (rows === undefined) chunk.rows.delete(name);
    else chunk.rows.set(name, rows);
    chunk.dirty = true;
  }

  function remove(name: string): void {
    const owner = owners.get(name);
    if (owner === undefined) return;
    for (const store of stores) if (owner.rows[store.index] !== undefined) put(name, owner, { store, rows: undefined });
    owners.delete(name);
    filled[owner.chunk] = (filled[owner.chunk] ?? 1) - 1;
  }

  function roomyChunk(): number {
    const found = filled.findIndex((count) => count < ownersInChunk);
    const chunk = found < 0 ? filled.length : found;
    filled[chunk] = (filled[chunk] ?? 0) + 1;
    return chunk;
  }

  function ownerOf(name: string, base: string): Owner {
    const known = owners.get(name);
    if (known?.base === base) return known;
    // Another base means other labels on every line: an identity that changed is a new set of series.
    remove(name);
    const owner: Owner = { base, chunk: roomyChunk(), rows: [] };
    owners.set(name, owner);
    return owner;
  }

  return {
    set(name, base, collect) {
      const owner = ownerOf(name, base);
      counts.fill(0);
      changed.fill(undefined);
      earlier.fill(undefined);

      collect((familyName, labels, value) => {
        if (value === undefined || !Number.isFinite(value)) return;
        const store = byName.get(familyName);
        if (store === undefined) throw new RangeError(`"${familyName}" is not in the catalogue of series`);
        const kept = owner.rows[store.index];
        const at = counts[store.index] ?? 0;
        const rows = changed[store.index];
        const row = kept?.[at];
        if (rows === undefined && row?.labels === labels) {
          counts[store.index] = at + 1;
          if (row.value === value) return;
          row.value = value;
          const chunk = store.chunks[owner.chunk];
          if (row.slot >= 0 && chunk?.dirty === false) writeSlot(chunk.bytes, row.slot, value);
          return;
        }
        // From here on this family's lines differ from before: take over what was the same so far.
        const list = rows ?? byLabels(kept?.slice(0, at));
        changed[store.index] = list;
        // A reply that names a board twice must not make a series twice; the first one counts.
        if (list.has(labels)) return;
        const moved = (earlier[store.index] ??= byLabels(kept)).get(labels);
        if (moved === undefined) list.set(labels, { labels, value, start: -1, slot: -1 });
        else {
          moved.value = value;
          // Its line is copied when the chunk is laid out; the value is written then.
          const chunk = store.chunks[owner.chunk];
          if (chunk !== undefined) chunk.dirty = true;
          list.set(labels, moved);
        }
      });

      for (const store of stores) {
        const [kept, rows, count] = [owner.rows[store.index], changed[store.index], counts[store.index] ?? 0];
        if (rows !== undefined) put(name, owner, { store, rows: [...rows.values()] });
        else if (kept !== undefined && kept.length !== count) put(name, owner, { store, rows: count === 0 ? undefined : kept.slice(0, count) });
      }
    },
    remove,
    render(spare, tail) {
      let size = tail?.length ?? 0;
      for (const store of stores) {
        if (store.owners === 0) continue;
        size += store.header.length;
        for (const chunk of store.chunks) {
          if (chunk === undefined) continue;
          if (chunk.dirty) layOut(chunk, store.family.name, owners);
          size += chunk.bytes.length;
        }
      }
      // Slow: never a part of memory that others use too. With some room, for a page that grows by a line must not need new memory.
      const page = spare !== undefined && spare.buffer.byteLength >= size ? Buffer.from(spare.buffer) : Buffer.allocUnsafeSlow(Math.ceil(size * 1.05));
      let at = 0;
      for (const store of stores) {
        if (store.owners === 0) continue;
        at += store.header.copy(page, at);
        for (const chunk of store.chunks) if (chunk !== undefined) at += chunk.bytes.copy(page, at);
      }
      tail?.copy(page, at);
      return page.subarray(0, size);
    },
    get seriesCount() {
      return seriesCount;
    },
  };
}

function byLabels(rows: readonly Row[] | undefined): Map<string, Row> {
  return new Map(rows?.map((row) => [row.labels, row]));
}

/** Writes the chunk's lines anew; lines that were there before are copied, new ones are encoded. */
function layOut(chunk: Chunk, family: string, owners: ReadonlyMap<string, Owner>): void {
  const { rows: byOwner, bytes: before } = chunk;
  const fresh = new Map<Row, Buffer>();
  let size = 0;
  for (const [name, rows] of byOwner) {
    const base = owners.get(name)?.base ?? '';
    for (const row of rows) {
      if (row.start >= 0) {
        size += row.slot - row.start + slotWidth + 1;
        continue;
      }
      const labels = base === '' || row.labels === '' ? base + row.labels : `${base},${row.labels}`;
      const prefix = Buffer.from(labels === '' ? `${family} ` : `${family}{${labels}} `);
      fresh.set(row, prefix);
      size += prefix.length + slotWidth + 1;
    }
  }
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
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
  chunk.bytes = bytes;
  chunk.dirty = false;
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
