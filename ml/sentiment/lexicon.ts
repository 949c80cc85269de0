import { BOOSTERS, LEXICON, LONGEST_PHRASE_WORDS, NEGATIONS } from './words.ts';

export interface TextSentiment {
  /** −1 (negative) to 1 (positive). */
  readonly score: number;
  /** 0 (no word said anything) to 1. */
  readonly confidence: number;
}

/** Name of this scorer and its version, kept with every score: scores of different versions are not one series. */
export const LEXICON_SCORER = 'lexicon-1';

// The constants of VADER (Hutto and Gilbert, ICWSM 2014), fitted there to human ratings; the words are our own.
const BOOST = 0.293;
const CAPS_BOOST = 0.733;
const NEGATION_FACTOR = -0.74;
const EXCLAMATION = 0.292;
const MAX_EXCLAMATIONS = 4;
const NORMALISATION = 15;
/** How far back a negation or booster reaches, in words, and what is left of it with each. */
const REACH = 3;
const BOOST_DECAY = [1, 0.95, 0.9];
/** What stands after "but" is what is meant. */
const BEFORE_BUT = 0.5;
const AFTER_BUT = 1.5;
/** Evidence (sum of absolute valences) at which confidence is one half. */
const HALF_EVIDENCE = 3;
const MAX_CHARS = 20_000;

interface Token {
  readonly word: string;
  readonly isCaps: boolean;
  /** undefined = not in the lexicon. */
  readonly valence: number | undefined;
}

/**
 * Sentiment of a text by VADER's rules with a lexicon of market talk: phrases, negation, boosters, capitals, "but", exclamation marks, emojis.
 * Needs no model and no network, and is the same everywhere.
 * @example scoreText('Not a scam, very bullish 🚀').score // > 0.6
 */
export function scoreText(text: string): TextSentiment {
  const tokens = joinPhrases(tokenise(text.slice(0, MAX_CHARS)));
  const hasMixedCaps = tokens.some((token) => token.isCaps) && tokens.some((token) => !token.isCaps && /\p{L}/u.test(token.word));
  const but = tokens.findLastIndex((token) => token.word === 'but' || token.word === 'however');
  let sum = 0;
  let evidence = 0;
  tokens.forEach((token, place) => {
    if (!token.valence) return;
    let value = modified(tokens, place, token.isCaps && hasMixedCaps);
    if (but >= 0) value *= place < but ? BEFORE_BUT : AFTER_BUT;
    sum += value;
    evidence += Math.abs(value);
  });
  if (sum !== 0) sum += Math.sign(sum) * EXCLAMATION * Math.min(MAX_EXCLAMATIONS, text.match(/!/g)?.length ?? 0);
  return { score: sum / Math.sqrt(sum * sum + NORMALISATION), confidence: evidence / (evidence + HALF_EVIDENCE) };
}

function modified(tokens: readonly Token[], place: number, isLoud: boolean): number {
  let value = tokens[place]!.valence!;
  const sign = Math.sign(value);
  if (isLoud) value += sign * CAPS_BOOST;
  let negated = false;
  for (let distance = 1; distance <= REACH && place - distance >= 0; distance++) {
    const { word } = tokens[place - distance]!;
    if (word === '.') break;
    value += sign * BOOST * (BOOSTERS.get(word) ?? 0) * BOOST_DECAY[distance - 1]!;
    if (NEGATIONS.has(word)) negated = !negated;
  }
  return negated ? value * NEGATION_FACTOR : value;
}

/** Lower-case words, emojis and `.` for the end of a clause that a negation does not cross. */
function tokenise(text: string): Token[] {
  const clean = text.replace(/https?:\/\/\S+/g, ' ').replace(/[’‘]/g, "'");
  const pattern = /[:;=]'?-?[()dp/](?![\p{L}\p{N}])|<3|\p{Extended_Pictographic}\uFE0F?|[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*|[.!?;\n]/giu;
  return Array.from(clean.matchAll(pattern), ([found]) => {
    const isCaps = found.length > 2 && found === found.toUpperCase() && found !== found.toLowerCase();
    const word = /^[.!?;\n]$/.test(found) ? '.' : found.toLowerCase();
    return { word, isCaps, valence: lookUp(word) };
  });
}

/** The longest phrase of the lexicon at each place becomes one token. */
function joinPhrases(tokens: readonly Token[]): Token[] {
  const joined: Token[] = [];
  for (let place = 0; place < tokens.length; ) {
    let length = Math.min(LONGEST_PHRASE_WORDS, tokens.length - place);
    let valence: number | undefined;
    for (; length > 1; length--) {
      valence = LEXICON.get(phraseAt(tokens, place, length));
      if (valence !== undefined) break;
    }
    const isPhrase = length > 1;
    joined.push(isPhrase ? { word: phraseAt(tokens, place, length), isCaps: tokens[place]!.isCaps, valence } : tokens[place]!);
    place += isPhrase ? length : 1;
  }
  return joined;
}

function phraseAt(tokens: readonly Token[], place: number, length: number): string {
  return tokens
    .slice(place, place + length)
    .map((token) => token.word)
    .join(' ');
}

/** The word itself or the word it is an inflection of. */
function lookUp(word: string): number | undefined {
  const exact = LEXICON.get(word);
  if (exact !== undefined || word.length < 5) return exact ?? (word.endsWith('s') ? LEXICON.get(word.slice(0, -1)) : undefined);
  for (const suffix of ['ly', 'ness', 'ing', 'ed', 'es', 's', 'd', 'er', 'est']) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, -suffix.length);
    const found = LEXICON.get(stem) ?? LEXICON.get(`${stem}e`) ?? (/(.)\1$/.test(stem) ? LEXICON.get(stem.slice(0, -1)) : undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}
