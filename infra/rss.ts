import { lookup } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { XMLParser } from 'fast-xml-parser';
import ipaddr from 'ipaddr.js';
import { errorMessage, TouchstoneError } from '../core/errors.ts';

export interface FeedItem {
  /** The feed's own id, else the link. */
  readonly sourceId: string;
  readonly title: string;
  readonly link: string;
  readonly publishedTimeMs: number;
}

const MAX_BYTES = 2_097_152;
const TIMEOUT_MS = 10_000;
const MAX_ITEMS = 200;

/** True for addresses of the public internet: nothing private, loopback, link-local, multicast or otherwise special. */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

/**
 * Fetches an RSS or Atom feed. The address that the connection really goes to is checked, so neither a name that resolves to a private address
 * nor one that changes between looking and connecting gets through; redirects are not followed, nothing is decompressed, and size
 * and time have caps.
 * @throws TouchstoneError FEED_REFUSED for an address or answer that is not allowed, FEED_UNAVAILABLE (retryable)
 */
export async function fetchFeed(url: string, nowMs: number, isAllowed: (address: string) => boolean = isPublicAddress): Promise<readonly FeedItem[]> {
  return parseFeed(await download(new URL(url), isAllowed), nowMs);
}

function refused(message: string): TouchstoneError {
  return new TouchstoneError('FEED_REFUSED', message);
}

function download(url: URL, isAllowed: (address: string) => boolean): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(`only http and https: ${url.protocol}`);
  if (isIP(host) && !isAllowed(host)) throw refused(`${host} is not a public address`);
  const checkedLookup: LookupFunction = (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const bad = addresses.find(({ address }) => !isAllowed(address));
      if (bad || addresses.length === 0) return callback(refused(`${name} is at ${bad?.address ?? 'no address'}, which is not public`), '', 0);
      if (options.all) callback(null, addresses);
      else callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) =>
      reject(
        cause instanceof TouchstoneError ? cause : new TouchstoneError('FEED_UNAVAILABLE', `${url.host}: ${errorMessage(cause)}`, { retryable: true, cause }),
      );
    const headers = { accept: 'application/rss+xml, application/atom+xml, text/xml', 'accept-encoding': 'identity', 'user-agent': 'touchstone' };
    const request = send(url, { lookup: checkedLookup, headers, signal: AbortSignal.timeout(TIMEOUT_MS), agent: false }, (response) => {
      const status = response.statusCode ?? 0;
      if (status >= 300 && status < 400) return request.destroy(refused(`${url.host} redirects, which is not followed`));
      if (status !== 200) return request.destroy(new TouchstoneError('FEED_UNAVAILABLE', `${url.host} answers ${status}`, { retryable: true }));
      if (response.headers['content-encoding'] !== undefined) return request.destroy(refused(`${url.host} compresses, which was not asked for`));
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BYTES) request.destroy(refused(`${url.host} sends more than ${MAX_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      response.on('error', fail);
    });
    request.on('error', fail);
    request.end();
  });
}

const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', processEntities: false, parseTagValue: false, trimValues: true });

/** Items of an RSS 2.0 or Atom document, as they stand. Documents with a DOCTYPE are refused: that is where entities would be defined. */
export function parseFeed(xml: string, nowMs: number): readonly FeedItem[] {
  if (/<!DOCTYPE/i.test(xml)) throw refused('the feed has a DOCTYPE');
  let document: Record<string, never>;
  try {
    document = parser.parse(xml) as Record<string, never>;
  } catch (cause) {
    throw new TouchstoneError('FEED_REFUSED', `the feed is not XML: ${errorMessage(cause)}`, { cause });
  }
  const entries = list(at(document, 'rss', 'channel', 'item') ?? at(document, 'feed', 'entry'));
  return entries.slice(0, MAX_ITEMS).flatMap((entry) => {
    const title = text(entry, 'title');
    const link = text(entry, 'link') || String(at(list(at(entry, 'link'))[0], '@href') ?? '');
    const time = Date.parse(text(entry, 'pubDate') || text(entry, 'published') || text(entry, 'updated'));
    const sourceId = text(entry, 'guid') || text(entry, 'id') || link || title;
    // A time in the future or none at all: it was published when we saw it, at the latest.
    const publishedTimeMs = Number.isFinite(time) && time > 0 && time <= nowMs ? time : nowMs;
    return title ? [{ sourceId, title: decode(title).slice(0, 500), link: decode(link).slice(0, 2_000), publishedTimeMs }] : [];
  });
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined;
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function text(entry: unknown, name: string): string {
  const value = at(entry, name);
  if (typeof value === 'string') return value;
  const inner = at(value, '#text');
  return typeof inner === 'string' ? inner : '';
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The five entities of XML and numbers, once; nothing a document could define. */
function decode(value: string): string {
  return value.replace(/&(?:#(\d{1,7})|(amp|lt|gt|quot|apos));/g, (whole, number: string | undefined, name: string | undefined) => {
    if (name) return ENTITIES[name]!;
    const code = Number(number);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
