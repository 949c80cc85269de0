import type { Session } from 'chdb';
import { GatewayError } from './errors.ts';

interface NamedSession {
  readonly session: Session;
  busy: boolean;
  expiry: NodeJS.Timeout | undefined;
}

/** A session lent for one request; `release` gives it back, or closes it when it was made for this request alone. */
export interface LentSession {
  readonly session: Session;
  release(): void;
}

/**
 * One engine session a request, so that settings and parameters of one never reach another; and, as on a server, named
 * sessions that keep settings and temporary tables until they are unused for their timeout.
 */
export class Sessions {
  readonly #open: () => Session;
  readonly #named = new Map<string, NamedSession>();

  constructor(open: () => Session) {
    this.#open = open;
  }

  lend(named: { readonly id: string; readonly timeoutMs: number } | undefined): LentSession {
    if (named === undefined) {
      const session = this.#open();
      return { session, release: () => session.close() };
    }
    const entry = this.#named.get(named.id) ?? { session: this.#open(), busy: false, expiry: undefined };
    if (entry.busy) throw new GatewayError(373, 'SESSION_IS_LOCKED', `Session ${named.id} is locked by a concurrent client`);
    this.#named.set(named.id, entry);
    clearTimeout(entry.expiry);
    entry.busy = true;
    return {
      session: entry.session,
      release: () => {
        entry.busy = false;
        entry.expiry = setTimeout(() => this.#close(named.id), named.timeoutMs).unref();
      },
    };
  }

  closeAll(): void {
    for (const id of [...this.#named.keys()]) this.#close(id);
  }

  #close(id: string): void {
    const entry = this.#named.get(id);
    this.#named.delete(id);
    clearTimeout(entry?.expiry);
    entry?.session.close();
  }
}
