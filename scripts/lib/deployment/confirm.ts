/** The end of a step on one host: what it wrote stays. */
import type { Stage } from './stage.ts'
import type { Tools } from './step.ts'

/** Tells, too, where the bytes are kept that somebody else had written. Throws a FailureError where the host does not say that it is confirmed. */
export async function confirm(
  { session, report }: Pick<Tools, 'session' | 'report'>,
  { host, generation }: Pick<Stage, 'host' | 'generation'>,
): Promise<void> {
  const { records } = await session.write(host, 'confirm', [generation], [], 30_000)
  for (const [, path = '', at = ''] of records.filter(([kind]) => kind === 'kept'))
    report({ kind: 'kept', host, path, at })
}
