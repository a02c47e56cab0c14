import { afterAll } from 'vitest';
import { need } from '../../../test/services/needed.ts';
import { removeAll } from './events.fixture.ts';
import { journalContract } from './journal.contract.ts';

const services = await need('elasticsearch');
services.describe('the journal', ({ elasticsearch, prefix }) => {
  afterAll(() => removeAll(elasticsearch, prefix), 60_000);
  journalContract(() => elasticsearch, prefix);
});
