/** rules: one word for each thing that can be done with rules, each in a file of its own, read when it is asked for. */
import { createSubcommands } from './subcommands.ts';

export const rules = createSubcommands('rules', {
  check: {
    usage: 'check [FOLDER…]',
    about: 'say what is wrong with rules',
    run: async (args, io) => (await import('./rules-check.ts')).check(args, io),
  },
  test: {
    usage: 'test [FOLDER…]',
    about: 'run the tests beside rules, and the known-good logs',
    run: async (args, io) => (await import('./rules-test.ts')).test(args, io),
  },
  list: {
    usage: 'list [FOLDER…]',
    about: 'list rules, or what of ATT&CK they cover',
    run: async (args, io) => (await import('./rules-list.ts')).list(args, io),
  },
  import: {
    usage: 'import FOLDER|ARCHIVE',
    about: "take others' rules as a pack",
    run: async (args, io) => (await import('./rules-import.ts')).importPack(args, io),
  },
  packs: {
    usage: 'packs',
    about: 'list the packs',
    run: async (args, io) => (await import('./rules-rollback.ts')).packs(args, io),
  },
  reload: {
    usage: 'reload',
    about: 'have a running center read its rules again',
    run: async (args, io) => (await import('./rules-reload.ts')).rulesReload(args, io),
  },
  rollback: {
    usage: 'rollback [NAME]',
    about: 'take an import back',
    run: async (args, io) => (await import('./rules-rollback.ts')).rollback(args, io),
  },
});
