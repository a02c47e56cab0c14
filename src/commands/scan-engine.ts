/** What a scan asks of each record, the same in every thread: made of plain values, so that a thread can make its own. */
import { connectors } from '../../connectors/index.ts';
import type { Connector } from '../connector.ts';
import { compileRules } from '../detect/compile.ts';
import type { Engine } from '../detect/engine.ts';
import { matchAll } from '../detect/linear.ts';
import type { Fields } from '../model/event.ts';
import type { Encoding } from '../model/member.ts';
import { type RuleFolder, readRuleFolders } from '../rule-folder.ts';
import { createExaminer } from '../scan/examiner.ts';
import { createSample, type Sample } from '../scan/sample.ts';
import type { UnitScanning } from '../scan/unit-scan.ts';

/** Crosses to threads as it is. */
export interface ScanSetup {
  readonly ruleFolders: readonly string[];
  readonly placeholders: Readonly<Record<string, readonly string[]>>;
  readonly index: 'indexed' | 'linear';
  readonly connector: string;
  readonly timeZone: string;
  /** ISO 8601 UTC; times without a year are the latest before it. */
  readonly receivedAt: string;
  readonly encoding: Encoding;
  readonly maxRecordBytes: number;
  /** Events to keep for the profile; 0 for none. */
  readonly sampleEvents: number;
}

export interface ScanEngine {
  readonly folder: RuleFolder;
  readonly engine: Engine;
  readonly sample: Sample<Fields> | undefined;
  readonly scanning: UnitScanning;
}

export const connectorOf = (type: string): Connector | undefined => connectors.find((one) => one.type === type);

/** Throws where a folder of rules cannot be read, or no rule is in force. */
export async function createScanEngine(setup: ScanSetup, signal: AbortSignal): Promise<ScanEngine> {
  const { placeholders, timeZone, receivedAt, encoding } = setup;
  const connector = connectorOf(setup.connector) as Connector;
  const folder = await readRuleFolders(setup.ruleFolders);
  const engine = compileRules(folder.set, folder.mapping, { placeholders });
  if (engine.rules.length === 0) throw new Error('no rule is in force; "hinomi rules check FOLDER" says why');
  const sample = setup.sampleEvents > 0 ? createSample<Fields>(setup.sampleEvents) : undefined;
  const examine = createExaminer({
    connector,
    context: { timeZone, receivedAt, config: connector.config.parse({}) },
    match:
      setup.index === 'indexed'
        ? engine.match
        : (event) => matchAll(engine.rules, event, folder.mapping, { placeholders }),
    maxRecordBytes: setup.maxRecordBytes,
  });
  const reading = { records: connector.records, encoding };
  return { folder, engine, sample, scanning: { reading, examine, sample, signal } };
}
