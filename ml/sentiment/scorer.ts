import { LEXICON_SCORER, scoreText, type TextSentiment } from './lexicon.ts';

/** Judges texts; `infra/sentiment-model.ts` is another one, behind a language model. */
export interface SentimentScorer {
  /** Kept with every score: scores of different scorers are not one series. */
  readonly name: string;
  score(text: string): Promise<TextSentiment>;
}

export const lexiconScorer: SentimentScorer = { name: LEXICON_SCORER, score: async (text) => scoreText(text) };
