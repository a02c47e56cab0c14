/**
 * What is wrong with the center, from how its parts are: pure, in words of both languages, each with what to do. Finds what people
 * must know of, and decides nothing by itself.
 */
import type { CenterStatus, StatusProblem, StoreHealth } from './model/status.ts';

export type CenterFacts = Omit<CenterStatus, 'problems'>;

export const BEHIND_MS = 300_000;
export const FAR_BEHIND_MS = 1_800_000;
export const FILLING = 0.6;
/** From here on senders are turned away (intake/quota.ts). */
export const FULL_MEMORY = 0.8;
export const FULL_BACKLOG = 1;
const MOST_MEMBERS = 20;

/** Gravest first, and of the same severity causes before what follows from them. */
export function findProblems(facts: CenterFacts): readonly StatusProblem[] {
  const found = [
    ...storeProblems(facts),
    ...queueProblems(facts),
    ...processProblems(facts),
    ...lateness(facts),
    ...differences(facts),
    ...setAside(facts),
  ];
  return [...found.filter(({ severity }) => severity === 'bad'), ...found.filter(({ severity }) => severity !== 'bad')];
}

type Reason = Exclude<StoreHealth['reason'], 'none'>;

const storeWords: Readonly<Record<Reason, Pick<StatusProblem, 'title' | 'titleJa' | 'adviceJa'>>> = {
  unreachable: {
    title: 'The store cannot be reached',
    titleJa: 'ストアに接続できません',
    adviceJa:
      'ストアのサーバーが動いているか、ネットワークがつながっているかを確認してください。受け付けたログはキューに残っています。',
  },
  'no-master': {
    title: 'The store has no master node',
    titleJa: 'ストアにマスターノードがありません',
    adviceJa: '停止している Elasticsearch のノードを起動してください。受け付けたログはキューに残っています。',
  },
  'shards-missing': {
    title: 'Part of the stored data cannot be reached',
    titleJa: '保存データの一部が使えません',
    adviceJa: '停止している Elasticsearch のノードを起動してください。戻るまで、検索結果に抜けがあります。',
  },
  unreadable: {
    title: 'A file of the store cannot be read',
    titleJa: 'ストアのファイルを読めません',
    adviceJa: 'センターを止め、下に示したファイルの写しを取ってから、バックアップのものに置き換えてください。',
  },
  'disk-full': {
    title: 'The disk of the store is full',
    titleJa: 'ストアのディスクに空きがありません',
    adviceJa: '不要なファイルを消すか、ディスクを広げてください。空きができるまで新しいログは保存されません。',
  },
  'read-only': {
    title: 'The store takes no writes',
    titleJa: 'ストアに書き込めません',
    adviceJa: '書き込みを止めている設定を外してください。受け付けたログはキューに残っています。',
  },
  'disk-low': {
    title: 'The disk of the store is getting full',
    titleJa: 'ストアのディスクの空きが少なくなっています',
    adviceJa: 'ディスクを広げるか、イベントの保存日数（retention.eventDays）を短くしてください。',
  },
  'copies-missing': {
    title: 'Some stored data has no second copy',
    titleJa: '保存データの一部に複製がありません',
    adviceJa: 'しばらく続く場合は、停止している Elasticsearch のノードを起動してください。',
  },
  unknown: {
    title: 'The health of the store cannot be read',
    titleJa: 'ストアの健全性を確認できません',
    adviceJa: 'センターが使う Elasticsearch のユーザーに、クラスター権限 monitor を与えてください。',
  },
};

function storeProblems({ store }: CenterFacts): StatusProblem[] {
  const { state, reason, detail } = store;
  if (state === 'good' || reason === 'none') return [];
  const severity = state === 'bad' ? 'bad' : 'warning';
  return [{ code: `store-${reason}`, severity, ...storeWords[reason], advice: `${capital(detail)}.`, detail }];
}

function queueProblems({ queues, engines }: CenterFacts): StatusProblem[] {
  if (queues === null) {
    return [
      {
        code: 'queue-unreachable',
        severity: 'bad',
        title: 'The queue cannot be reached',
        titleJa: 'キューに接続できません',
        advice:
          engines.queue === 'redis'
            ? 'Check that Redis runs and that the network leads to it. Until then senders are turned away and keep their logs.'
            : 'See the log of the center. Until then senders are turned away and keep their logs.',
        adviceJa:
          engines.queue === 'redis'
            ? 'Redis が動いているか、ネットワークがつながっているかを確認してください。戻るまでログは送信側に残ります。'
            : 'センターのログを確認してください。戻るまでログは送信側に残ります。',
      },
    ];
  }
  const { memoryShare, backlogShare } = queues;
  const found: StatusProblem[] = [];
  const full = memoryShare >= FULL_MEMORY || backlogShare >= FULL_BACKLOG;
  if (full || memoryShare > FILLING || backlogShare > FILLING) {
    const percent = Math.round(100 * Math.max(memoryShare, backlogShare));
    found.push({
      code: full ? 'queue-full' : 'queue-filling',
      severity: full ? 'bad' : 'warning',
      title: full ? 'The queue is full: senders are turned away' : `The queue is ${percent} % full`,
      titleJa: full ? 'キューが満杯で、受信を断っています' : `キューの ${percent} % が埋まっています`,
      advice:
        'Add workers, or memory for the queue. What senders cannot hand over now stays with them and comes later.',
      adviceJa:
        '処理（worker）を増やすか、キューのメモリーを増やしてください。渡せないログは送信側に残り、後で届きます。',
    });
  }
  return found;
}

function lateness({ queues, waiting }: CenterFacts): StatusProblem[] {
  if (queues === null) return [];
  const { records, matches } = queues;
  const found: StatusProblem[] = [];
  if (records.oldestMs > BEHIND_MS) {
    const late = waiting.filter(({ leastMs, mostMs }) => leastMs > BEHIND_MS || mostMs >= records.oldestMs);
    found.push({
      code: 'records-behind',
      severity: records.oldestMs > FAR_BEHIND_MS ? 'bad' : 'warning',
      title: `Logs have waited ${englishTime(records.oldestMs)} to be looked at`,
      titleJa: `ログが ${japaneseTime(records.oldestMs)}処理を待っています`,
      advice:
        'If the number of waiting records does not fall, add workers, and look at the store and at the load of the processes.',
      adviceJa: '待ち件数が減らない場合は、処理（worker）を増やし、ストアの状態とプロセスの負荷を確認してください。',
      memberIds: late.slice(0, MOST_MEMBERS).map(({ memberId }) => memberId),
    });
  }
  if (matches.oldestMs > BEHIND_MS) {
    found.push({
      code: 'matches-behind',
      severity: matches.oldestMs > FAR_BEHIND_MS ? 'bad' : 'warning',
      title: `Alerts are ${englishTime(matches.oldestMs)} late`,
      titleJa: `アラートが ${japaneseTime(matches.oldestMs)}遅れています`,
      advice:
        'See the log of the process whose correlator leads. Matches are kept in order and become alerts as soon as it works.',
      adviceJa:
        '相関（correlator）を担うプロセスのログを確認してください。一致した記録は残っており、動き出せばアラートになります。',
    });
  }
  return found;
}

const missing: Readonly<Record<string, Omit<StatusProblem, 'code' | 'severity'>>> = {
  intake: {
    title: 'No process takes in logs',
    titleJa: 'ログを受け付けるプロセスがありません',
    advice: 'Start one: bin/hinomi serve --role intake. Until then senders keep their logs.',
    adviceJa: 'bin/hinomi serve --role intake を起動してください。それまでログは送信側に残ります。',
  },
  worker: {
    title: 'No process works the logs',
    titleJa: 'ログを処理するプロセスがありません',
    advice: 'Start one: bin/hinomi serve --role worker. Until then logs wait in the queue and nothing is detected.',
    adviceJa: 'bin/hinomi serve --role worker を起動してください。それまでログはキューで待ち、検知は行われません。',
  },
  correlator: {
    title: 'No process makes alerts',
    titleJa: 'アラートを作るプロセスがありません',
    advice:
      'Start one: bin/hinomi serve --role correlator. Until then matches wait in the queue and no alert is raised.',
    adviceJa:
      'bin/hinomi serve --role correlator を起動してください。それまで一致した記録はキューで待ち、アラートは上がりません。',
  },
  api: {
    title: 'No process with the API reports',
    titleJa: 'API のプロセスが応答していません',
    advice: 'See the log of the process that serves this page: its reports do not reach Redis.',
    adviceJa: 'この画面を出しているプロセスのログを確認してください。状態の報告が Redis に届いていません。',
  },
};

function processProblems({ processes, queues }: CenterFacts): StatusProblem[] {
  if (processes === null) {
    // Where the queue is away as well, that says it all.
    if (queues === null) return [];
    return [
      {
        code: 'processes-unknown',
        severity: 'warning',
        title: 'Which processes run cannot be told',
        titleJa: '動いているプロセスを確認できません',
        advice: 'Check that Redis runs and that the network leads to it.',
        adviceJa: 'Redis が動いているか、ネットワークがつながっているかを確認してください。',
      },
    ];
  }
  const found = Object.entries(missing).flatMap(([role, words]): StatusProblem[] =>
    processes.some(({ roles }) => (roles as readonly string[]).includes(role))
      ? []
      : [{ code: `role-missing-${role}`, severity: 'bad', ...words }],
  );
  const correlators = processes.filter(({ correlator }) => correlator !== undefined);
  if (correlators.length > 0 && !correlators.some(({ correlator }) => correlator?.leads === true)) {
    found.push({
      code: 'nobody-leads',
      severity: 'bad',
      title: 'No correlator leads: no alert is raised',
      titleJa: '相関を担うプロセスが決まらず、アラートが上がりません',
      advice:
        'After a start or a failure another takes over within half a minute. If it lasts, see the logs of the correlators: the store may refuse them.',
      adviceJa:
        '起動や障害の直後は 30 秒ほどで引き継がれます。続く場合は、相関（correlator）のプロセスのログと、ストアの状態を確認してください。',
    });
  }
  return found;
}

function differences({ processes }: CenterFacts): StatusProblem[] {
  const found: StatusProblem[] = [];
  const versions = countEach((processes ?? []).map(({ version }) => version));
  if (versions.length > 1) {
    found.push({
      code: 'versions-differ',
      severity: 'warning',
      title: `Processes of different versions run: ${list(versions)}`,
      titleJa: `プロセスの版がそろっていません: ${list(versions)}`,
      advice:
        'During an upgrade this is as it should be. Otherwise restart those of the older version with the new one.',
      adviceJa: '更新作業中であれば問題ありません。そうでなければ、古い版のプロセスを新しい版で起動し直してください。',
    });
  }
  const rules = countEach((processes ?? []).flatMap((one) => (one.rules === null ? [] : [one.rules])));
  if (rules.length > 1) {
    found.push({
      code: 'rules-differ',
      severity: 'warning',
      title: `Processes work with different rules: ${list(rules)}`,
      titleJa: `プロセスごとに適用中のルールが異なります: ${list(rules)}`,
      advice:
        'After a reload this passes within seconds. If it lasts, reload the rules, and see that all processes have the same rule folders.',
      adviceJa:
        '再読み込みの直後は数秒でそろいます。続く場合はルールを再読み込みし、すべてのプロセスが同じルールのフォルダーを見ているか確認してください。',
    });
  }
  return found;
}

/** Names what the status page shows (console/status/set-aside.tsx). */
const retryAdvice =
  'The reason is under “Batches set aside” below; once the cause is mended, an administrator works them again there with “Retry”.';
const retryAdviceJa =
  '理由は下の「処理できなかった束」にあります。原因を直した後、管理者がそこの「再処理」で処理し直せます。';

function setAside({ queues }: CenterFacts): StatusProblem[] {
  const { records, matches } = queues ?? { records: { dead: 0 }, matches: { dead: 0 } };
  const found: StatusProblem[] = [];
  if (matches.dead > 0) {
    found.push({
      code: 'matches-dead',
      severity: 'warning',
      title: `${plural(matches.dead, 'batch', 'batches')} of matches could not be made into alerts`,
      titleJa: `一致した記録 ${matches.dead.toLocaleString('ja-JP')} 束をアラートにできませんでした`,
      advice: `They are kept, and raise no alert. ${retryAdvice}`,
      adviceJa: `記録は残っていますが、アラートになっていません。${retryAdviceJa}`,
    });
  }
  if (records.dead > 0) {
    found.push({
      code: 'records-dead',
      severity: 'warning',
      title: `${plural(records.dead, 'batch', 'batches')} of logs could not be worked`,
      titleJa: `ログ ${records.dead.toLocaleString('ja-JP')} 束を処理できませんでした`,
      advice: `They are kept, and what they hold was not looked at. ${retryAdvice}`,
      adviceJa: `ログは残っていますが、検知の対象になっていません。${retryAdviceJa}`,
    });
  }
  return found;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const plural = (n: number, one: string, many: string): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

function countEach(values: readonly string[]): readonly (readonly [value: string, times: number])[] {
  return [...Map.groupBy(values, (value) => value)].map(([value, all]) => [value, all.length] as const).sort();
}
const list = (counts: ReturnType<typeof countEach>): string =>
  counts.map(([value, times]) => `${value} (×${times})`).join(', ');

const minutesOf = (ms: number): number => Math.floor(ms / 60_000);
const englishTime = (ms: number): string =>
  minutesOf(ms) < 120 ? `${minutesOf(ms)} minutes` : `${Math.floor(minutesOf(ms) / 60)} hours`;
const japaneseTime = (ms: number): string =>
  minutesOf(ms) < 120 ? `${minutesOf(ms)} 分` : `${Math.floor(minutesOf(ms) / 60)} 時間`;
