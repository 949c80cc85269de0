import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fetchFeed, isPublicAddress, parseFeed } from '../../../infra/rss.ts';

const NOW_MS = Date.parse('2026-01-02T00:00:00Z');
const RSS = `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>Bitcoin &amp; friends &#8211; up</title><link>https://x.example/1</link><guid>g1</guid><pubDate>Thu, 01 Jan 2026 10:00:00 GMT</pubDate></item>
<item><title>Of tomorrow</title><link>https://x.example/2</link><pubDate>Sat, 03 Jan 2026 10:00:00 GMT</pubDate></item>
<item><link>https://x.example/3</link></item></channel></rss>`;
const ATOM = `<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Ether</title><link href="https://y.example/1"/><id>urn:1</id><updated>2026-01-01T09:00:00Z</updated></entry></feed>`;

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/feed`;
}

const anyAddress = () => true;

describe('a feed', () => {
  it('of RSS becomes items: entities decoded once, no title no item, a time that has not come counts as now', () => {
    expect(parseFeed(RSS, NOW_MS)).toEqual([
      { sourceId: 'g1', title: 'Bitcoin & friends – up', link: 'https://x.example/1', publishedTimeMs: Date.parse('2026-01-01T10:00:00Z') },
      { sourceId: 'https://x.example/2', title: 'Of tomorrow', link: 'https://x.example/2', publishedTimeMs: NOW_MS },
    ]);
  });

  it('of Atom becomes items', () => {
    expect(parseFeed(ATOM, NOW_MS)).toEqual([
      { sourceId: 'urn:1', title: 'Ether', link: 'https://y.example/1', publishedTimeMs: Date.parse('2026-01-01T09:00:00Z') },
    ]);
  });

  it('with a DOCTYPE, where entities that explode would be defined, is refused', () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>`;
    expect(() => parseFeed(bomb, NOW_MS)).toThrow(expect.objectContaining({ code: 'FEED_REFUSED' }));
  });

  it('is fetched from a server', async () => {
    const url = await serve((_request, response) => response.end(ATOM));
    expect(await fetchFeed(url, NOW_MS, anyAddress)).toHaveLength(1);
  });
});

describe('what a feed address may reach', () => {
  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '100.64.0.1',
    '::1',
    'fc00::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    '224.0.0.1',
  ])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));

  it.each(['1.1.1.1', '2606:4700::1111'])('%s is public', (address) => expect(isPublicAddress(address)).toBe(true));

  it('a private address is refused before anything is sent, as a number, as a name and in other spellings', async () => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests++;
      response.end(RSS);
    });
    const { port } = new URL(url);
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
      await expect(fetchFeed(`http://${host}:${port}/feed`, NOW_MS), host).rejects.toMatchObject({ code: 'FEED_REFUSED' });
    }
    expect(requests).toBe(0);
  });

  it('the address that a name has at the moment of connecting is the one that is judged', async () => {
    const judged: string[] = [];
    const url = await serve((_request, response) => response.end(RSS));
    await expect(fetchFeed(url.replace('127.0.0.1', 'localhost'), NOW_MS, (address) => judged.push(address) < 0)).rejects.toMatchObject({
      code: 'FEED_REFUSED',
    });
    expect(judged.length).toBeGreaterThan(0);
    for (const address of judged) expect(['127.0.0.1', '::1']).toContain(address);
  });

  it('other schemes are refused', async () => {
    await expect(fetchFeed('file:///etc/passwd', NOW_MS, anyAddress)).rejects.toMatchObject({ code: 'FEED_REFUSED' });
  });
});

describe('an answer', () => {
  it.each<[string, RequestListener, string]>([
    ['that redirects is refused', (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(), 'FEED_REFUSED'],
    ['that is compressed is refused', (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'), 'FEED_REFUSED'],
    ['that is endless is cut off', (_request, response) => void response.end(Buffer.alloc(3_000_000, 'x')), 'FEED_REFUSED'],
    ['of 500 may be asked for again', (_request, response) => response.writeHead(500).end(), 'FEED_UNAVAILABLE'],
    ['that breaks off may be asked for again', (_request, response) => void response.destroy(), 'FEED_UNAVAILABLE'],
  ])('%s', async (_what, listener, code) => {
    await expect(fetchFeed(await serve(listener), NOW_MS, anyAddress)).rejects.toMatchObject({ code });
  });
});
