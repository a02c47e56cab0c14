import { afterAll, expect, test } from 'vitest';
import { HelpWanted, UsageError } from './arguments.ts';
import { openRulesBench } from './rules.fixture.ts';

const bench = await openRulesBench();
afterAll(() => bench.dispose());

test('a word that is none is wrong use, with the one that was meant', async () => {
  await expect(bench.run('chekc')).rejects.toThrow(UsageError);
  await expect(bench.run('chekc')).rejects.toThrow('did you mean "rules check"?');
  await expect(bench.run()).rejects.toThrow(UsageError);
});

test.each(['check', 'test', 'list', 'import', 'packs', 'rollback', 'reload'])(
  'rules %s says how it is used',
  async (word) => {
    await expect(bench.run('--help')).rejects.toThrow(new RegExp(`hinomi rules ${word} `));
    await expect(bench.run(word, '--help')).rejects.toThrow(HelpWanted);
    await expect(bench.run(word, '--help')).rejects.toThrow(`Usage: hinomi rules ${word} `);
  },
);
