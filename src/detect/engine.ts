/** What the rest of the house sees of detection. compile.ts makes an Engine; linear.ts is the slow truth it is held against. */
import type { Fields } from '../model/event.ts';
import type { Problem, SigmaRule } from './rule.ts';

export interface Engine {
  /** Rules that match, in the order of their ids. Pure; never throws, whatever the event holds. */
  match(event: Fields): readonly SigmaRule[];
  /** Rules in it. */
  readonly rules: readonly SigmaRule[];
  /** What could not be compiled, and rules that can never see an event because no table routes their log source. */
  readonly problems: readonly Problem[];
}
