/** The files of a lab → the lab, and everything that is wrong with it. */
import type { Lab, Place } from '../../../renderers/lab.ts'
import type { Finding, Renderer } from '../../../renderers/renderer.ts'
import { fileKind } from './file-kind.ts'
import { readLabFiles, type ReadFile } from './lab-files.ts'
import { positionOf } from './position.ts'
import type { Problem } from './problem.ts'
import { resolve } from './resolve.ts'
import { brokenRules } from './rules/rules.ts'
import { encryptedSecrets, secretsFile, type EncryptedSecrets } from './secrets-file.ts'
import { serviceFindings, uncarriedNetworks } from './service-findings.ts'
import type { Source } from './source.ts'

export interface Definition {
  /** Null where there is any error. */
  readonly lab: Lab | null
  /** Sorted by place. */
  readonly problems: readonly Problem[]
  /** How many files were read. */
  readonly files: number
  /** What is known of the secrets without a key. */
  readonly secrets: Omit<EncryptedSecrets, 'findings'>
  /** The same with what is found later, when the lab is rendered. */
  withFindings(findings: readonly Finding[]): Definition
}

/**
 * Reads, checks and resolves. `labPath` is the lab's folder relative to the repository's root, "" for the root itself. Everything that can be
 * said about all files is said at once: a mistake in one of them hides nothing in the others. Never throws, whatever the sources hold.
 */
export function define(sources: readonly Source[], labPath: string, renderers: readonly Renderer[]): Definition {
  const files = readLabFiles(sources, renderers)
  const { draft, findings } = resolve(
    files.definitions,
    textsOf(sources),
    renderers.map(({ service }) => service),
  )
  const valueAt = (place: Place) => valueIn(files.byPath.get(place.file)?.value, place.path)
  const secrets = encryptedSecrets(files.byPath.get(secretsFile)?.value)
  const general = [...files.findings, ...findings, ...secrets.findings, ...brokenRules(draft)]
  const found = [...general, ...serviceFindings(draft, renderers, general, valueAt)]
  const late = found.some(isError) ? [] : uncarriedNetworks(draft.lab, renderers)
  const withFindings = (all: readonly Finding[]): Definition => ({
    lab: all.some(isError) ? null : draft.lab,
    problems: sorted(all.map((finding) => toProblem(finding, files.byPath, labPath))),
    files: sources.length,
    secrets,
    withFindings: (more) => withFindings([...all, ...more]),
  })
  return withFindings([...found, ...late])
}

function isError({ severity }: Finding): boolean {
  return severity === 'error'
}

function textsOf(sources: readonly Source[]): Lab['files'] {
  const texts = sources.filter(({ path, fault }) => path.startsWith('files/') && fault === undefined)
  const entries = texts.map(({ path, text }) => [path.slice('files/'.length), text] as const)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function toProblem(finding: Finding, files: ReadonlyMap<string, ReadFile>, labPath: string): Problem {
  const { rule, severity, at, message, help } = finding
  const file = files.get(at.file)
  const span = file?.span(finding) ?? { start: 0, end: 1 }
  // What stands in the secrets' file is shown to nobody, encrypted or not; nor is what may be a secret in the wrong place.
  const isHidden = ['secrets', 'unexpected'].includes(fileKind(at.file).kind)
  const position = positionOf(file?.text ?? '', span, isHidden)
  return { severity, rule, file: labPath === '' ? at.file : `${labPath}/${at.file}`, ...position, message, help }
}

function valueIn(value: unknown, path: Place['path']): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (inner === null || typeof inner !== 'object' || !Object.hasOwn(inner, step)) return undefined
    return (inner as Readonly<Record<string | number, unknown>>)[step]
  }, value)
}

function sorted(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted(
    (a, b) =>
      compare(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compare(a.rule, b.rule) ||
      compare(a.message, b.message),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
