/**
 * What indicators compute, as bare loops: the same arithmetic in the same order with the same start, in local variables, without a call, a
 * check of input or a snapshot. Each returns the sum of its defined outputs, so that all of them are computed.
 */
export const bareLoops = {
  ema(x: Float64Array): number {
    let seed = 0;
    for (let i = 0; i < 12; i++) seed += x[i]!;
    let y = seed / 12;
    let sum = y;
    for (let i = 12; i < x.length; i++) {
      y += (2 / 13) * (x[i]! - y);
      sum += y;
    }
    return sum;
  },

  sma(x: Float64Array): number {
    let total = 0;
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      total += x[i]! - (i >= 20 ? x[i - 20]! : 0);
      if (i >= 19) sum += total / 20;
    }
    return sum;
  },

  rsi(x: Float64Array): number {
    let gain = 0;
    let loss = 0;
    let sum = 0;
    for (let i = 1; i < x.length; i++) {
      const change = x[i]! - x[i - 1]!;
      const size = Math.abs(change);
      const up = (size + change) / 2;
      const down = (size - change) / 2;
      if (i < 14) {
        gain += up;
        loss += down;
        continue;
      }
      if (i === 14) {
        gain = (gain + up) / 14;
        loss = (loss + down) / 14;
      } else {
        gain += (1 / 14) * (up - gain);
        loss += (1 / 14) * (down - loss);
      }
      const both = gain + loss;
      sum += both === 0 ? 0 : 100 * (gain / both);
    }
    return sum;
  },

  atr(high: Float64Array, low: Float64Array, close: Float64Array): number {
    let average = 0;
    let sum = 0;
    for (let i = 1; i < close.length; i++) {
      const previous = close[i - 1]!;
      const range = Math.max(high[i]!, previous) - Math.min(low[i]!, previous);
      if (i < 14) {
        average += range;
        continue;
      }
      if (i === 14) average = (average + range) / 14;
      else average += (1 / 14) * (range - average);
      sum += average;
    }
    return sum;
  },

  macd(x: Float64Array): number {
    let fast = 0;
    let slow = 0;
    let signal = 0;
    for (let i = 0; i < 26; i++) slow += x[i]! / 26;
    for (let i = 14; i < 26; i++) fast += x[i]! / 12;
    signal = (fast - slow) / 9;
    let sum = 0;
    for (let i = 26; i < x.length; i++) {
      fast += (2 / 13) * (x[i]! - fast);
      slow += (2 / 27) * (x[i]! - slow);
      const line = fast - slow;
      if (i < 34) {
        signal += line / 9;
        continue;
      }
      signal += 0.2 * (line - signal);
      sum += line - signal;
    }
    return sum;
  },

  /** Two passes over the window each time, as the definition has it; bands, bandwidth and percentB. */
  bollinger(x: Float64Array): number {
    let total = 0;
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      total += x[i]! - (i >= 20 ? x[i - 20]! : 0);
      if (i < 19) continue;
      const middle = total / 20;
      let squares = 0;
      for (let k = i - 19; k <= i; k++) squares += (x[k]! - middle) * (x[k]! - middle);
      const halfWidth = 2 * Math.sqrt(squares / 20);
      const upper = middle + halfWidth;
      const lower = middle - halfWidth;
      const width = upper - lower;
      sum += upper + width / middle + (width === 0 ? 0.5 : (x[i]! - lower) / width);
    }
    return sum;
  },

  adx(high: Float64Array, low: Float64Array, close: Float64Array): number {
    let plus = 0;
    let minus = 0;
    let range = 0;
    let adx = 0;
    let sum = 0;
    for (let i = 1; i < close.length; i++) {
      const up = high[i]! - high[i - 1]!;
      const down = low[i - 1]! - low[i]!;
      const rise = (Math.abs(up) + up) / 2;
      const fall = (Math.abs(down) + down) / 2;
      const previous = close[i - 1]!;
      plus += rise * Number(rise > fall) - plus / 14;
      minus += fall * Number(fall > rise) - minus / 14;
      range += Math.max(high[i]!, previous) - Math.min(low[i]!, previous) - range / 14;
      const plusDi = 100 * (plus / range);
      const minusDi = 100 * (minus / range);
      const both = plusDi + minusDi;
      adx = (adx * 13 + (both === 0 ? 0 : 100 * (Math.abs(plusDi - minusDi) / both))) / 14;
      if (i >= 27) sum += adx;
    }
    return sum;
  },

  stochastic(high: Float64Array, low: Float64Array, close: Float64Array): number {
    const highs = new Float64Array(14);
    const lows = new Float64Array(14);
    let [highest, lowest] = [0, 1e300];
    let [first, second] = [0, 0];
    let place = 0;
    let sum = 0;
    for (let i = 0; i < close.length; i++) {
      highs[place] = high[i]!;
      lows[place] = low[i]!;
      if (high[i]! >= highest) highest = high[i]!;
      if (low[i]! <= lowest) lowest = low[i]!;
      place++;
      let top = highest;
      let bottom = lowest;
      if (place === 14) {
        largestToTheEnd(highs);
        smallestToTheEnd(lows);
        place = 0;
        highest = 0;
        lowest = 1e300;
      }
      if (i < 13) continue;
      if (highs[place]! > top) top = highs[place]!;
      if (lows[place]! < bottom) bottom = lows[place]!;
      const percent = 100 * ((close[i]! - bottom) / (top - bottom));
      if (i >= 15) sum += (first + second + percent) / 3;
      first = second;
      second = percent;
    }
    return sum;
  },

  donchian(high: Float64Array, low: Float64Array): number {
    const highs = new Float64Array(20);
    const lows = new Float64Array(20);
    let [highest, lowest] = [0, 1e300];
    let place = 0;
    let sum = 0;
    for (let i = 0; i < high.length; i++) {
      highs[place] = high[i]!;
      lows[place] = low[i]!;
      if (high[i]! >= highest) highest = high[i]!;
      if (low[i]! <= lowest) lowest = low[i]!;
      place++;
      let top = highest;
      let bottom = lowest;
      if (place === 20) {
        largestToTheEnd(highs);
        smallestToTheEnd(lows);
        place = 0;
        highest = 0;
        lowest = 1e300;
      }
      if (i < 19) continue;
      if (highs[place]! > top) top = highs[place]!;
      if (lows[place]! < bottom) bottom = lows[place]!;
      sum += top - bottom;
    }
    return sum;
  },
};

/**
 * The same recurrences one value after another as a stream gives them: what a value needs of the ones before it is kept in memory (`state`),
 * since nobody holds a register between two values. Without warm-up, so `state` starts anywhere. Storing and loading again lies in the chain
 * from each value to the next, about as long as the recurrence itself.
 */
export const bareStreams = {
  ema(x: Float64Array, state: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      state[0]! += (2 / 13) * (x[i]! - state[0]!);
      sum += state[0]!;
    }
    return sum;
  },

  sma(x: Float64Array, state: Float64Array): number {
    let sum = 0;
    for (let i = 20; i < x.length; i++) {
      state[0]! += x[i]! - x[i - 20]!;
      sum += state[0]! / 20;
    }
    return sum;
  },

  rsi(x: Float64Array, state: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      const change = x[i]! - state[2]!;
      state[2] = x[i]!;
      const size = Math.abs(change);
      state[0]! += (1 / 14) * ((size + change) / 2 - state[0]!);
      state[1]! += (1 / 14) * ((size - change) / 2 - state[1]!);
      const both = state[0]! + state[1]!;
      sum += both === 0 ? 0 : 100 * (state[0]! / both);
    }
    return sum;
  },

  atr(high: Float64Array, low: Float64Array, close: Float64Array, state: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < close.length; i++) {
      const range = Math.max(high[i]!, state[1]!) - Math.min(low[i]!, state[1]!);
      state[1] = close[i]!;
      state[0]! += (1 / 14) * (range - state[0]!);
      sum += state[0]!;
    }
    return sum;
  },

  macd(x: Float64Array, state: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      state[0]! += (2 / 13) * (x[i]! - state[0]!);
      state[1]! += (2 / 27) * (x[i]! - state[1]!);
      const line = state[0]! - state[1]!;
      state[2]! += 0.2 * (line - state[2]!);
      sum += line - state[2]!;
    }
    return sum;
  },

  adx(high: Float64Array, low: Float64Array, close: Float64Array, state: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < close.length; i++) {
      const up = high[i]! - state[4]!;
      const down = state[5]! - low[i]!;
      const rise = (Math.abs(up) + up) / 2;
      const fall = (Math.abs(down) + down) / 2;
      const range = Math.max(high[i]!, state[6]!) - Math.min(low[i]!, state[6]!);
      state[4] = high[i]!;
      state[5] = low[i]!;
      state[6] = close[i]!;
      state[0]! += rise * Number(rise > fall) - state[0]! / 14;
      state[1]! += fall * Number(fall > rise) - state[1]! / 14;
      state[2]! += range - state[2]! / 14;
      const plusDi = 100 * (state[0]! / state[2]!);
      const minusDi = 100 * (state[1]! / state[2]!);
      const both = plusDi + minusDi;
      state[3] = (state[3]! * 13 + (both === 0 ? 0 : 100 * (Math.abs(plusDi - minusDi) / both))) / 14;
      sum += state[3];
    }
    return sum;
  },
};

function largestToTheEnd(ring: Float64Array): void {
  for (let i = ring.length - 2; i >= 0; i--) if (ring[i + 1]! > ring[i]!) ring[i] = ring[i + 1]!;
}

function smallestToTheEnd(ring: Float64Array): void {
  for (let i = ring.length - 2; i >= 0; i--) if (ring[i + 1]! < ring[i]!) ring[i] = ring[i + 1]!;
}
