import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSentimentModel, SENTIMENT_MODEL } from '../../../infra/sentiment-model.ts';

describe('the local sentiment model', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'models-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('is not there on most machines, and then nothing is loaded or fetched', async () => {
    expect(await loadSentimentModel(dir)).toBeUndefined();
  });

  it('says which files it could not use, without asking the network for others', async () => {
    await mkdir(join(dir, SENTIMENT_MODEL), { recursive: true });
    await writeFile(join(dir, SENTIMENT_MODEL, 'config.json'), '{"model_type":"bert"}');
    await expect(loadSentimentModel(dir)).rejects.toMatchObject({ code: 'BAD_SENTIMENT_MODEL', message: expect.stringContaining(dir) });
  }, 20_000);
});
