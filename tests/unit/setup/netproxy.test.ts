import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { faultProven, mutantFailed } from '../../setup/guards.ts';
import { type NetProxy, startNetProxy } from '../../setup/netproxy.ts';

/** The fault tests rest on this proxy: each mode does what its name says, seen from both ends. */
let server: Server;
let proxy: NetProxy;
const received: string[] = [];

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received.push(chunk.toString());
      socket.write(`echo ${chunk}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await startNetProxy({ port: (server.address() as { port: number }).port });
});
afterAll(async () => {
  await proxy.close();
  server.close();
});

async function open(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** The first thing that comes back: text, an error code, or nothing in time. */
function answer(socket: Socket, timeoutMs = 300): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('silence'), timeoutMs);
    const finish = (text: string) => {
      clearTimeout(timer);
      resolve(text);
    };
    socket.once('data', (chunk) => finish(chunk.toString()));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
    socket.once('close', () => finish('closed'));
  });
}

it('passes bytes in both directions', async () => {
  proxy.setMode('pass');
  const socket = await open();
  socket.write('hello');
  expect(await answer(socket)).toBe('echo hello');
  expect(proxy.faultCount).toBe(0);
  socket.destroy();
});

it('blackhole: connects, and nothing arrives anywhere', async () => {
  proxy.setMode('blackhole');
  const socket = await open();
  socket.write('into the dark');
  expect(await answer(socket)).toBe('silence');
  expect(received).not.toContain('into the dark');
  expect(proxy.faultCount).toBe(1);
  socket.destroy();
});

it('reset: breaks what is open and what comes', async () => {
  proxy.setMode('pass');
  const before = await open();
  before.write('ok');
  await answer(before);
  const broken = answer(before);
  proxy.setMode('reset');
  expect(await broken).toBe('ECONNRESET');
  const after = connect(proxy.port, '127.0.0.1');
  expect(['ECONNRESET', 'closed']).toContain(await answer(after));
  expect(proxy.faultCount).toBe(2);
});

it('latency: delays, and keeps the order', async () => {
  proxy.setMode('latency', { latencyMs: 100 });
  const socket = await open();
  const started = performance.now();
  socket.write('late');
  expect(await answer(socket, 2_000)).toBe('echo late');
  expect(performance.now() - started).toBeGreaterThan(190); // both ways
  socket.destroy();
});

it('drop_response: the server did the work, the client is told nothing; after `times` it passes again', async () => {
  proxy.setMode('drop_response', { times: 1 });
  const first = await open();
  first.write('do it');
  expect(['ECONNRESET', 'closed']).toContain(await answer(first, 2_000));
  expect(received).toContain('do it');
  expect(proxy.faultCount).toBe(1);
  const second = await open();
  second.write('again');
  expect(await answer(second)).toBe('echo again');
  second.destroy();
});

it('guards: a fault without evidence, and a mutant that passes or breaks otherwise, fail the test', async () => {
  expect(() => faultProven(0, 'nothing was hit')).toThrow('never happened');
  await expect(mutantFailed('passes', async () => {})).rejects.toThrow('passes without its protection');
  await expect(mutantFailed('breaks', () => Promise.reject(new TypeError('not started')))).rejects.toThrow('not started');
  await mutantFailed('fails its own assertion', async () => expect(1).toBe(2));
});
