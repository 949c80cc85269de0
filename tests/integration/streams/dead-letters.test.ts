import { expect, it } from 'vitest';
import { consumeStream, dead } from '../../../streams/consume.ts';
import { eventually, isCommitted, streamBed } from '../../setup/streams.ts';

it('a dead letter that is refused itself makes no other: the topic does not grow, and the consumer goes on', async () => {
  const bed = await streamBed();
  const groupId = `dead-${bed.run}`;
  const stream = await consumeStream(bed, {
    name: groupId,
    groupId,
    topics: ['deadletter'],
    from: 'latest',
    handle: (messages) => messages.map(() => dead('BAD_VALUE')),
    onCrash: bed.onCrash,
  });
  const ends = async () => (await bed.bus.topicOffsets('deadletter')).reduce((sum, { high }) => sum + Number(high), 0);
  const before = await ends();
  await bed.producer.send('deadletter', [
    { key: 'x', value: 'no JSON' },
    { key: 'x', value: '{"v":1,"type":"deadLetter","id":"x","ts":1,"data":{}}' },
  ]);
  await eventually('both passed', () => isCommitted(bed.bus, groupId, 'deadletter'), 60_000);
  await stream.stop();
  expect(bed.crashes).toEqual([]);
  expect(await ends()).toBe(before + 2);
}, 120_000);
