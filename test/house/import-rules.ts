/** Which way dependencies point: scripts/*.ts → scripts/lib → renderers, and within lib from the end of the pipe to its start. */
import { posix } from 'node:path'
import type { SourceFile } from './source-tree.ts'

/** In the order in which the data passes them; a stage may import those before it. */
const stages = ['definition', 'bundle', 'rollout', 'secrets', 'deployment', 'twin', 'bench']

/** Each outside system is imported in one place. */
const outside: Readonly<Record<string, readonly RegExp[]>> = {
  '@actions/core': [/^scripts\/lib\/review\/github\.ts$/],
  'age-encryption': [/^scripts\/lib\/secrets\/data-key\.ts$/],
  ajv: [/^scripts\/lib\/definition\//, /^scripts\/lib\/review\/contract\.ts$/],
  commander: [/^scripts\/(command-line|verbs)\.ts$/],
  esbuild: [/^scripts\/build\.js$/, /^scripts\/lib\/definition\/registry\.ts$/],
  nunjucks: [/^renderers\/template\.ts$/],
  'simple-git': [/^scripts\/lib\/bundle\/git\.ts$/],
  ssh2: [/^scripts\/lib\/deployment\/remote\.ts$/, /^scripts\/lib\/twin\/embedded\/[a-z-]+\.ts$/],
  'ssh2-sftp-client': [/^scripts\/lib\/deployment\/remote\.ts$/],
  yaml: [/^scripts\/lib\/definition\//],
}

/** What lib may import of the renderers: the interface, never one of them. */
const openToLib = [
  'renderers/renderer.ts',
  'renderers/lab.ts',
  'renderers/template.ts',
  'renderers/mistake.ts',
  'renderers/nearest.ts',
]

/** Every import that points the wrong way, as a sentence. */
export function importProblems(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ target, isDynamic }) => {
      const why = target.startsWith('.')
        ? insideProblem(file.path, posix.join(posix.dirname(file.path), target), isDynamic)
        : outsideProblem(file.path, target)
      return why === null ? [] : [`${file.path} imports ${target}: ${why}`]
    }),
  )
}

function importsOf({ text }: SourceFile): readonly { target: string; isDynamic: boolean }[] {
  return [...text.matchAll(/\b(from|import) *(\(?) *'([^'\n]+)'/g)].map(([, , bracket, target = '']) => ({
    target,
    isDynamic: bracket === '(',
  }))
}

function outsideProblem(from: string, target: string): string | null {
  const name = Object.keys(outside).find((known) => target === known || target.startsWith(`${known}/`))
  const allowed = name === undefined ? undefined : outside[name]
  if (allowed === undefined || allowed.some((pattern) => pattern.test(from))) return null
  return `it is imported in ${allowed.map(({ source }) => source).join(' and ')} only`
}

function insideProblem(from: string, to: string, isDynamic: boolean): string | null {
  if (from.startsWith('renderers/')) return rendererProblem(from, to)
  if (!from.startsWith('scripts/lib/')) return null
  if (to.startsWith('scripts/lib/')) return stageProblem(roomOf(from), roomOf(to))
  if (openToLib.includes(to)) return null
  if (to === 'renderers/index.ts' && isDynamic && from === 'scripts/lib/definition/registry.ts') return null
  return to.startsWith('renderers/')
    ? 'lib is given the registry and knows no renderer'
    : 'lib knows only lib and the renderers'
}

function rendererProblem(from: string, to: string): string | null {
  if (!to.startsWith('renderers/')) return 'a renderer knows nothing but renderers/'
  if (from === 'renderers/index.ts') return null
  if (to === 'renderers/index.ts') return 'the registry is passed in'
  const folder = to.split('/').length > 2 ? to.split('/')[1] : null
  return folder === null || folder === from.split('/')[1] ? null : 'no renderer knows another'
}

function stageProblem(from: string, to: string): string | null {
  if (to === '' || from === to || from === 'review') return null
  if (to === 'review') return 'only the verbs use review'
  if (from === '') return 'what all of lib uses knows no stage'
  return stages.indexOf(to) < stages.indexOf(from) ? null : `${to} comes after ${from}`
}

/** "bundle" of scripts/lib/bundle/git.ts; "" of a file directly in lib. */
function roomOf(path: string): string {
  const parts = path.split('/')
  return parts.length > 3 ? (parts[2] ?? '') : ''
}
