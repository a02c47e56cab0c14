/**
 * A sum of doubles without rounding: what is added and taken away again leaves no trace, and the order does not matter. The sum
 * is held as doubles that do not overlap (Shewchuk 1997, "Adaptive precision floating-point arithmetic", grow-expansion); of
 * whole numbers below 2^53 that is one. A rounded running sum was no choice: two orders of arrival could give two answers.
 * Takes numbers up to 1e300 either way, so that a sum of millions stays finite.
 */

export interface ExactSum {
  add(number: number): void;
  /** The double nearest to the sum. */
  value(): number;
}

export function createExactSum(): ExactSum {
  /** Smallest first, none zero. */
  const parts: number[] = [];
  return {
    add(number) {
      let rest = number;
      let kept = 0;
      for (let index = 0; index < parts.length; index++) {
        const part = parts[index] as number;
        const sum = rest + part;
        const big = Math.abs(rest) >= Math.abs(part) ? rest : part;
        const lost = (big === rest ? part : rest) - (sum - big);
        if (lost !== 0) parts[kept++] = lost;
        rest = sum;
      }
      parts.length = kept;
      if (rest !== 0) parts.push(rest);
    },
    value() {
      let index = parts.length - 1;
      let sum = parts[index] ?? 0;
      let lost = 0;
      while (index > 0 && lost === 0) {
        const before = sum;
        const part = parts[--index] as number;
        sum = before + part;
        lost = part - (sum - before);
      }
      // Half-way between two doubles: what lies below decides, which the addition could not see.
      const below = parts[index - 1] ?? 0;
      if (lost !== 0 && below !== 0 && lost < 0 === below < 0) {
        const twice = lost * 2;
        const up = sum + twice;
        if (up - sum === twice) return up;
      }
      return sum;
    },
  };
}
