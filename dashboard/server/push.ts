import { createSession, type Session } from 'better-sse';
import type { Request, Response } from 'express';
import { TouchstoneError } from '../../core/errors.ts';
import type { Log } from '../../infra/log.ts';
import type { DashboardUpdate } from '../../schemas/http.ts';

/** A page that does not read is cut off before it costs more memory than this; it loads the state anew when it comes back. */
export const MAX_BUFFERED_BYTES = 1024 * 1024;
const MAX_PAGES = 500;
const MAX_PAGES_PER_USER = 20;
const KEEP_ALIVE_MS = 15_000;
const RETRY_MS = 2_000;

interface Page {
  readonly user: string;
  readonly session: Session;
  readonly response: Response;
  isSignedIn(): boolean;
}

/** Server push to open pages: one serialised update for all of them. */
export class Pages {
  private readonly pages = new Set<Page>();
  private readonly log: Log;

  constructor(log: Log) {
    this.log = log;
  }

  get count(): number {
    return this.pages.size;
  }

  /** Opens a stream that begins with all there is at the moment it opens, so nothing is missed in between. @throws TouchstoneError TOO_MANY_REQUESTS */
  async open(req: Request, res: Response, user: string, isSignedIn: () => boolean, snapshot: () => DashboardUpdate): Promise<void> {
    const ofUser = [...this.pages].filter((page) => page.user === user).length;
    if (this.pages.size >= MAX_PAGES || ofUser >= MAX_PAGES_PER_USER) throw new TouchstoneError('TOO_MANY_REQUESTS', 'too many pages are open');
    const session = await createSession(req, res, { serializer: (text) => String(text), keepAlive: KEEP_ALIVE_MS, retry: RETRY_MS, trustClientEventId: false });
    const page: Page = { user, session, response: res, isSignedIn };
    this.pages.add(page);
    res.once('close', () => this.pages.delete(page));
    session.push(JSON.stringify(snapshot()), 'update');
  }

  push(update: DashboardUpdate): void {
    const text = JSON.stringify(update);
    for (const page of this.pages) {
      const { response, session, user } = page;
      const bufferedBytes = response.writableLength + (response.socket?.writableLength ?? 0);
      if (bufferedBytes > MAX_BUFFERED_BYTES) {
        this.log.warn({ user, bufferedBytes }, 'page does not read; cut off');
        this.drop(page);
      } else if (session.isConnected) session.push(text, 'update');
    }
  }

  /** Ends the streams of people who signed out, were locked or got another role meanwhile. */
  dropSignedOut(): void {
    for (const page of this.pages) if (!page.isSignedIn()) this.drop(page);
  }

  close(): void {
    for (const page of this.pages) this.drop(page);
  }

  private drop(page: Page): void {
    this.pages.delete(page);
    page.response.destroy();
  }
}
