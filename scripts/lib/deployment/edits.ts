/** What stands on the hosts where quorate would write, and is not what it wrote: as lines that a person can decide by. */
import { hunksBetween } from '../bundle/diff.ts'
import type { Secrets } from '../bundle/fill.ts'
import type { FileManifest, Rendering } from '../bundle/rendering.ts'
import { secretsOf, shownText } from '../bundle/text.ts'
import { FailureError } from '../failure.ts'
import { fileIn, type Drift } from './assess.ts'
import { text } from './host-side.ts'
import type { Facts } from './inspect.ts'
import { masked } from './mask.ts'
import { refusal, type Session } from './session.ts'

export interface Edit {
  readonly host: string
  readonly path: string
  /** foreign: quorate never wrote it. The others since it did: other bytes, another mode or owner, removed. */
  readonly kind: Drift['kind'] | 'foreign'
  /** What the lines begin with: what was deployed, or, where nobody has that any more, what would be written. Null where there are none. */
  readonly from: 'deployed' | 'wanted' | null
  /** From there to what stands on the host, in unified form with 3 lines around; null where it is not shown. */
  readonly hunks: string | null
  /** Why there are no lines; null where there are. */
  readonly why: string | null
}

/** What one host says of one file. */
interface Bytes {
  readonly live: { readonly mode: string; readonly owner: string; readonly text: string | null } | null
  readonly written: string | null
}

/**
 * Asks the hosts for these files. No secret is in the answer: of a file with one, of what only some may read, and where the secrets are not known
 * (`secrets` null), it is said that it differs and no more; in all others the lab's values are masked.
 * Throws a FailureError where a host does not answer.
 */
export async function editsOf(
  session: Session,
  facts: ReadonlyMap<string, Facts>,
  target: Rendering,
  files: readonly Pick<Edit, 'host' | 'path' | 'kind'>[],
  secrets: Secrets | null,
): Promise<readonly Edit[]> {
  const known = knownValues(target, secrets)
  const hosts = [...new Set(files.map(({ host }) => host))]
  const asked = hosts.map(async (host) => {
    const own = files.filter((file) => file.host === host)
    const bytes = await bytesOf(
      session,
      host,
      own.map(({ path }) => path),
    )
    return own.map((file): Edit => {
      const sides = sidesOf(facts.get(host), target, file)
      const answer = bytes.get(file.path) ?? { live: null, written: null }
      const why = unseen(file, sides, answer, known)
      if (why !== null) return { ...file, from: null, hunks: null, why }
      return { ...file, ...linesOf(sides, answer, known ?? []) }
    })
  })
  return (await Promise.all(asked)).flat()
}

/** The file as it was deployed, as its host's manifest has it, and as it is wanted. */
interface Sides {
  readonly deployed: FileManifest | null
  readonly wanted: FileManifest | null
  /** Text with placeholders; null where there is none. */
  readonly deployedText: string | null
  readonly wantedText: string | null
}

function sidesOf(fact: Facts | undefined, target: Rendering, { host, path }: Pick<Edit, 'host' | 'path'>): Sides {
  const bundle = target.hosts[host]
  const wanted = bundle === undefined ? null : fileIn(bundle, path)
  const deployed = fact?.manifest === null || fact === undefined ? null : fileIn(fact.manifest, path)
  const content = wanted === null ? undefined : target.contents[wanted.content]
  const wantedText = content === undefined ? null : shownText(content)
  return { deployed, wanted, wantedText, deployedText: deployed?.content === wanted?.content ? wantedText : null }
}

/** Why no line of the file is shown; null where they are. */
function unseen(
  { kind }: Pick<Edit, 'kind'>,
  { deployed, wanted }: Sides,
  { live }: Bytes,
  known: readonly string[] | null,
): string | null {
  if (kind === 'missing') return 'it was removed'
  const sides = [deployed, wanted].filter((file) => file !== null)
  if (kind === 'mode') return `its bytes are as deployed, its mode and owner are not: ${modeOf(live, deployed)}`
  if (sides.some((file) => Object.keys(file.secrets).length > 0))
    return 'it differs; it holds secrets, and is not shown'
  if (live === null) return 'it differs; it is no regular file, or too long to be shown'
  const modes = sides.some(({ store }) => store === 'pmxcfs') ? [] : [live.mode, ...sides.map(({ mode }) => mode)]
  const isPrivate = modes.some((mode) => (Number.parseInt(mode, 8) & 0o004) === 0)
  if (isPrivate || sides.some(({ path }) => path.startsWith('/etc/pve/priv/')))
    return 'it differs; not everybody may read it, and it is not shown'
  if (live.text === null) return 'it differs; it is no text'
  return known === null ? 'it differs; without the secrets nobody can tell whether one is in it' : null
}

function modeOf(live: Bytes['live'], deployed: FileManifest | null): string {
  const is = live === null ? 'not known' : `${live.mode} ${live.owner}`
  return deployed === null ? is : `${is} instead of ${deployed.mode} ${deployed.owner}`
}

function linesOf(
  sides: Sides,
  { live, written }: Bytes,
  values: readonly string[],
): Pick<Edit, 'from' | 'hunks' | 'why'> {
  const deployed = written ?? sides.deployedText
  const base = deployed ?? sides.wantedText
  const hunks = hunksBetween(base, live?.text ?? null, 3)
  if (hunks === null)
    return { from: null, hunks, why: 'it differs too much to be shown, or nobody has what was deployed' }
  return { from: deployed === null ? 'wanted' : 'deployed', hunks: masked(hunks, values), why: null }
}

async function bytesOf(session: Session, host: string, paths: readonly string[]): Promise<ReadonlyMap<string, Bytes>> {
  const input = paths.map((path) => ['path', path])
  const answer = await session.ask(host, 'show', [], input, 30_000)
  if (answer.refused !== null) throw refusal(host, 'show files', answer.refused)
  const one = (kind: string, path: string) => answer.records.find((record) => record[0] === kind && record[1] === path)
  return new Map(
    paths.map((path) => {
      const live = one('live', path)
      const written = one('written', path)
      return [
        path,
        {
          live: live === undefined ? null : { mode: live[2] ?? '', owner: live[3] ?? '', text: plainText(live[4]) },
          written: written === undefined ? null : plainText(written[4]),
        },
      ]
    }),
  )
}

/** Null for what is no UTF-8 text. */
function plainText(base64: string | undefined): string | null {
  const decoded = base64 === '-' ? '' : text(base64)
  return /[\0\uFFFD]/.test(decoded) ? null : decoded
}

/** Every value of the lab's secrets, so that each can be masked; null where they are not known. */
function knownValues({ contents, secrets: declared }: Rendering, secrets: Secrets | null): readonly string[] | null {
  if (Object.keys(declared).length === 0) return []
  if (secrets === null) return null
  try {
    for (const { secret, kind, half } of Object.values(contents).flatMap(secretsOf)) secrets.value(secret, kind, half)
    return secrets.seen()
  } catch (error) {
    if (error instanceof FailureError) return null
    throw error
  }
}
