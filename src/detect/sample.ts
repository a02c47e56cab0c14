/** How many of some events have what a witness names: the plain way, for a few events now and then. Decides nothing about matching. */
import type { Fields } from '../model/event.ts';
import { toTexts } from './cursor.ts';
import { fold } from './fold.ts';
import type { Lens } from './mapping.ts';
import type { Clue, Witness } from './witness.ts';

export interface SampleRates {
  /** A part of them, 0 to 1; `worst` at once where the witness has too many clues to look for one by one. */
  rate(witness: Witness): number;
  /** Units of text that have to be read for its parts in one event, in the mean. */
  units(witness: Witness): number;
}

export function createSampleRates(events: readonly Fields[], lens: Lens): SampleRates {
  const known = events.map(() => new Map<string, readonly string[]>());
  const textsOf = (at: number, field: string): readonly string[] => {
    const texts = known[at]?.get(field) ?? foldedTexts(events[at] as Fields, lens.names(field));
    known[at]?.set(field, texts);
    return texts;
  };
  const everythingOf = (at: number): readonly string[] => {
    const event = events[at] as Fields;
    const texts = known[at]?.get('') ?? foldedTexts(event, Object.keys(event));
    known[at]?.set('', texts);
    return texts;
  };
  const textsFor = (at: number, field: string | undefined) =>
    field === undefined ? everythingOf(at) : textsOf(at, field);
  return {
    rate(witness) {
      if (witness.length > mostClues) return worst;
      let having = 0;
      for (let at = 0; at < events.length; at++)
        if (witness.some((clue) => clueHolds(clue, textsFor(at, clue.field)))) having++;
      return having / events.length;
    },
    units(witness) {
      const fields = new Set(witness.filter(({ kind }) => kind === 'part').map(({ field }) => field));
      let units = 0;
      for (const field of fields)
        for (let at = 0; at < events.length; at++) for (const text of textsFor(at, field)) units += text.length;
      return units / events.length;
    },
  };
}

const mostClues = 200;
export const worst = 1;

function foldedTexts(event: Fields, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => {
    const texts = Object.hasOwn(event, name) ? toTexts(event[name]) : undefined;
    return texts === undefined ? [] : typeof texts === 'string' ? [fold(texts)] : texts.map(fold);
  });
}

function clueHolds({ kind, text }: Clue, texts: readonly string[]): boolean {
  switch (kind) {
    case 'present':
      return texts.length > 0;
    case 'whole':
      return texts.includes(text);
    case 'start':
      return texts.some((one) => one.startsWith(text));
    case 'end':
      return texts.some((one) => one.endsWith(text));
    default:
      return texts.some((one) => one.includes(text));
  }
}
