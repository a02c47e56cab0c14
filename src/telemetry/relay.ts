/**
 * Spans of other threads on their way to the one exporter of the process. No more than so many are on the way at once, so that a main
 * thread that is busy gathers no heap of them; what does not fit is dropped and counted. Begins no trace: those begin at the intake.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Exporter } from './otlp-export.ts';
import { createSpans, type FinishedSpan } from './spans.ts';
import type { Tracer } from './tracer.ts';

interface Sent {
  readonly span: FinishedSpan;
  /** How many were dropped since the one before. */
  readonly dropped: number;
}

const MAX_ON_THE_WAY = 1_024;

/** In a pipeline thread; `port` is what OtlpTracing.connect() gave. */
export function createRelayedTracer(port: MessagePort, maxOnTheWay = MAX_ON_THE_WAY): Tracer {
  let onTheWay = 0;
  let dropped = 0;
  port.on('message', (arrived: number) => {
    onTheWay -= arrived;
  });
  port.unref();
  return createSpans({
    ratio: 0,
    emit(span) {
      if (onTheWay >= maxOnTheWay) {
        dropped++;
        return;
      }
      onTheWay++;
      port.postMessage({ span, dropped } satisfies Sent);
      dropped = 0;
    },
  });
}

/** The other end. `drain` takes what has been sent and closes the port; both may be called after the thread has ended. */
export function receiveSpans(port: MessagePort, exporter: Pick<Exporter, 'add' | 'addDropped'>): { drain(): void } {
  const take = ({ span, dropped }: Sent): void => {
    exporter.add(span);
    exporter.addDropped(dropped);
  };
  port.on('message', (sent: Sent) => {
    take(sent);
    port.postMessage(1);
  });
  port.unref();
  return {
    drain() {
      for (let more = receiveMessageOnPort(port); more !== undefined; more = receiveMessageOnPort(port)) {
        take(more.message as Sent);
      }
      port.close();
    },
  };
}
