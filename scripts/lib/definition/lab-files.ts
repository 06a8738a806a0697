/** The sources, each read as what it is: YAML against its part of the schema, or text. */
import { labFile, networksFile } from '../../../renderers/lab.ts'
import type { Finding, Renderer } from '../../../renderers/renderer.ts'
import { mistake } from '../../../renderers/mistake.ts'
import { fileKind, nameOf } from './file-kind.ts'
import type { LabFile } from './lab-file.ts'
import { textsAreOneLine } from './rules/text-rules.ts'
import { schemaCheck, type SchemaCheck } from './schema-check.ts'
import { unknownService } from './service-findings.ts'
import type { Source } from './source.ts'
import type { Span, YamlFault } from './yaml-fault.ts'
import { readYaml } from './yaml-file.ts'

export interface LabFiles {
  readonly definitions: readonly LabFile[]
  readonly byPath: ReadonlyMap<string, ReadFile>
  readonly findings: readonly Finding[]
}

/** What is kept of a source in order to speak about it. */
export interface ReadFile {
  readonly text: string
  readonly value: unknown
  span(finding: Finding): Span
}

/** Reads all files; what one of them holds does not stop the others. */
export function readLabFiles(sources: readonly Source[], renderers: readonly Renderer[]): LabFiles {
  const check = schemaCheck(renderers)
  const read = sources.map((source) => readOne(source, renderers, check))
  return {
    definitions: read.flatMap(({ definition }) => (definition === null ? [] : [definition])),
    byPath: new Map(read.map(({ path, file }) => [path, file])),
    findings: [...missingFiles(sources), ...read.flatMap(({ findings }) => findings)],
  }
}

interface Read {
  readonly path: string
  readonly file: ReadFile
  readonly definition: LabFile | null
  readonly findings: readonly Finding[]
}

function readOne({ path, text, fault }: Source, renderers: readonly Renderer[], check: SchemaCheck): Read {
  const kind = fileKind(path)
  if (fault !== undefined) {
    const finding = mistake(fault.rule, { file: path, path: [] }, fault.message, fault.help)
    const definition = kind.kind === 'definition' ? { path, kind, value: undefined, wrongKeys: null } : null
    return { path, file: asText(text), definition, findings: [finding] }
  }
  if (kind.kind === 'text') return { path, file: asText(text), definition: null, findings: [] }
  if (kind.kind === 'unexpected')
    return { path, file: asText(text), definition: null, findings: [unexpected(path, kind.meant)] }
  const { file, faults } = asYaml(path, text)
  if (kind.kind === 'secrets') return { path, file, definition: null, findings: faults }
  if (kind.of === 'service' && !renderers.some(({ service }) => service === kind.def)) {
    const finding = unknownService(path, nameOf(path), renderers)
    return { path, file, definition: { path, kind, value: undefined, wrongKeys: null }, findings: [...faults, finding] }
  }
  if (faults.length > 0)
    return { path, file, definition: { path, kind, value: undefined, wrongKeys: null }, findings: faults }
  const findings = complaints(path, file.value, kind.def, check)
  return { path, file, definition: { path, kind, value: file.value, wrongKeys: wrongKeys(findings) }, findings }
}

function asText(text: string): ReadFile {
  return { text, value: undefined, span: () => ({ start: 0, end: 1 }) }
}

function asYaml(path: string, text: string): { readonly file: ReadFile; readonly faults: readonly Finding[] } {
  const yaml = readYaml(text)
  const faults = new Map<Finding, YamlFault>()
  for (const fault of yaml.faults)
    faults.set(mistake(fault.rule, { file: path, path: [] }, fault.message, fault.help), fault)
  const span = (finding: Finding) => faults.get(finding)?.at ?? yaml.locate(finding.at.path, finding.onKey ?? false)
  return { file: { text, value: yaml.value, span }, faults: [...faults.keys()] }
}

function complaints(path: string, value: unknown, def: string, check: SchemaCheck): readonly Finding[] {
  const texts = textsAreOneLine(path, value)
  const said = new Set(texts.map(({ at }) => JSON.stringify(at.path)))
  return [...texts, ...check(def, path, value).filter(({ at }) => !said.has(JSON.stringify(at.path)))]
}

function wrongKeys(findings: readonly Finding[]): ReadonlySet<string> | null {
  const keys = findings.map(({ at }) => at.path[0])
  return keys.includes(undefined) && findings.some(({ rule, at }) => at.path.length === 0 && rule === 'wrong-type')
    ? null
    : new Set(keys.map((key) => String(key ?? '')))
}

function unexpected(path: string, meant: string | null): Finding {
  const help =
    meant === null
      ? 'remove it; a lab holds lab.yaml, networks.yaml, secrets.yaml, known_hosts, nodes/, guests/, services/ and files/'
      : `did you mean ${meant}?`
  const message = `nothing reads ${path}`
  return { rule: 'unexpected-file', severity: 'warning', at: { file: path, path: [] }, message, help }
}

function missingFiles(sources: readonly Source[]): readonly Finding[] {
  const without = [labFile, networksFile].filter((file) => !sources.some(({ path }) => path === file))
  return without.map((file) => {
    const help = `write ${file}; the example lab that comes with quorate has one to start from`
    return mistake('file-missing', { file, path: [] }, `there is no ${file}`, help)
  })
}
