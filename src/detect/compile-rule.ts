/**
 * A rule's condition -> one question to the cursor. Parts joined by `and` or `or` are asked cheapest first, and what several rules
 * ask of one event is answered once.
 */
import { compileItem } from './compile-item.ts';
import type { Cursor, Question } from './cursor.ts';
import type { Lens } from './mapping.ts';
import type { Prepared } from './needles.ts';
import type { Condition, DetectionItem, Selection, SigmaRule } from './rule.ts';
import type { ValueMemory } from './value-memory.ts';

/** Items that ask the same share one. */
export interface Atom {
  readonly prepared: Prepared;
  readonly id: number;
  /** How many items of the rule set ask this. */
  uses: number;
}

export interface RuleCompiler {
  /** The same rule through the same lens gives a question of the same meaning. */
  compile(rule: SigmaRule, lens: Lens): Question;
  /** To be called when the cursor has moved: answers are forgotten. */
  forget(): void;
}

interface Costed {
  readonly ask: Question;
  /** In nanoseconds, roughly; only the order counts. */
  readonly cost: number;
}

export function createRuleCompiler(
  atoms: ReadonlyMap<DetectionItem, Atom>,
  cursor: Cursor,
  memory: ValueMemory,
): RuleCompiler {
  let generation = 0;
  const shared = new Map<string, Question>();

  // Hot: `Image ends with \powershell.exe` stands in hundreds of rules; a stamp tells whether it was answered for this event.
  const once = (ask: Question): Question => {
    let askedAt = -1;
    let answer = false;
    return () => {
      if (askedAt !== generation) {
        answer = ask();
        askedAt = generation;
      }
      return answer;
    };
  };
  const compileAtom = (item: DetectionItem, lens: Lens): Costed => {
    const { prepared, id, uses } = atoms.get(item) as Atom;
    const cost = costOf(prepared);
    const compile = (): Question => {
      const ask = compileItem(prepared, lens, cursor);
      const { field, test } = prepared;
      // Hot: below this the question itself is as cheap as remembering its answer.
      if (cost < worthRemembering || field === undefined || test.kind === 'fieldref') return ask;
      return memory.answer(cursor.slot(lens.names(field)), ask);
    };
    if (uses < 2) return { ask: compile(), cost };
    const key = `${id} ${lens.key}`;
    let ask = shared.get(key);
    if (ask === undefined) {
      ask = once(compile());
      shared.set(key, ask);
    }
    return { ask, cost: cost / 2 };
  };

  return {
    forget() {
      generation++;
    },
    compile(rule, lens) {
      const selections = new Map<string, Costed>();
      const select = (selection: Selection): Costed => {
        if (selection.kind === 'item') return compileAtom(selection.item, lens);
        return combine(selection.kind === 'all', selection.of.map(select));
      };
      const walk = (condition: Condition): Costed => {
        switch (condition.kind) {
          case 'and':
            return combine(true, condition.of.map(walk));
          case 'or':
            return combine(false, condition.of.map(walk));
          case 'not': {
            const { ask, cost } = walk(condition.of);
            return { ask: () => !ask(), cost };
          }
          default: {
            const known = selections.get(condition.name);
            if (known !== undefined) return known;
            const question = select(rule.selections[condition.name] as Selection);
            selections.set(condition.name, question);
            return question;
          }
        }
      };
      return walk(rule.condition).ask;
    },
  };
}

const worthRemembering = 30;

function costOf({ field, test }: Prepared): number {
  const perValue = (count: number, each: number) => 20 + count * each;
  const cost = (() => {
    switch (test.kind) {
      case 'exists':
        return 5;
      case 'pattern':
        return perValue(
          test.groups.reduce((sum, group) => sum + group.length, 0),
          15,
        );
      case 'regex':
        return perValue(test.sources.length, 1000);
      default:
        return 200;
    }
  })();
  return field === undefined ? cost * 100 : cost;
}

function combine(all: boolean, parts: readonly Costed[]): Costed {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const ordered = [...parts].sort((a, b) => a.cost - b.cost);
  const questions = ordered.map(({ ask }) => ask);
  return { ask: all ? every(questions) : some(questions), cost: ordered.reduce((sum, { cost }) => sum + cost, 0) };
}

// Hot: two parts are the usual case and need no loop.
function every(parts: readonly Question[]): Question {
  const [first, second] = parts;
  if (first !== undefined && second !== undefined && parts.length === 2) return () => first() && second();
  return () => {
    for (let index = 0; index < parts.length; index++) if (!(parts[index] as Question)()) return false;
    return true;
  };
}

function some(parts: readonly Question[]): Question {
  const [first, second] = parts;
  if (first !== undefined && second !== undefined && parts.length === 2) return () => first() || second();
  return () => {
    for (let index = 0; index < parts.length; index++) if ((parts[index] as Question)()) return true;
    return false;
  };
}
