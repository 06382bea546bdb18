/** What every pool's API is made of: a question, an answer, and what it may look at. No sockets here: a bench asks without any. */
import type { Account } from './account.ts';
import type { Market } from './market.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as it was sent, for signatures. */
  readonly rawQuery: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** Simulated Unix ms. */
  readonly timeMs: number;
  /** What else the server's clock may be taken for: real Unix ms, when somebody asks over HTTP. */
  readonly realMs?: number;
}

export interface PoolAnswer {
  readonly httpStatus: number;
  readonly body: object;
  /** Whether a key came along, and whether it was right. */
  readonly keyGiven: boolean;
  readonly keyValid: boolean;
}

/** Who may ask: plainly no real secrets. */
export interface PoolIdentity {
  readonly apiKey: string;
  /** Second secret of pools that sign (ViaBTC, NiceHash); empty elsewhere. */
  readonly secretKey: string;
  /** NiceHash alone. */
  readonly organization?: string;
  readonly user: string;
}

export interface FacadeParts { readonly account: Account; readonly market: Market; readonly identity: PoolIdentity; readonly seed: number }

export type Facade = (parts: FacadeParts, asked: Asked) => PoolAnswer;

/** A page of a list, counted from 1; a limit out of range is the usual one. */
export function pageOf<Item>(items: readonly Item[], asked: { readonly page: string | null; readonly limit: string | null }): { readonly items: readonly Item[]; readonly page: number; readonly pages: number } {
  const whole = (text: string | null, usual: number) => (text !== null && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : usual);
  const limit = Math.min(100, whole(asked.limit, 10));
  const page = whole(asked.page, 1);
  return { items: items.slice((page - 1) * limit, page * limit), page, pages: Math.max(1, Math.ceil(items.length / limit)) };
}
