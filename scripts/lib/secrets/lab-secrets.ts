/** A lab's secrets as far as they are known without a key, with everything that is wrong with them. */
import { join, relative, sep } from 'node:path'
import { renderLab } from '../bundle/render.ts'
import { define } from '../definition/definition.ts'
import type { Problem } from '../definition/problem.ts'
import { loadRenderers } from '../definition/registry.ts'
import { secretsFile } from '../definition/secrets-file.ts'
import { readSources } from '../definition/source.ts'
import { FailureError } from '../failure.ts'
import { repoRootOf } from '../roots.ts'
import { secretsFindings, type Declared, type SecretsFound } from './audit.ts'
import { sopsRuleFor } from './sops-rule.ts'

export interface LabSecrets extends SecretsFound {
  readonly lab: string
  readonly repoRoot: string
  /** Absolute. */
  readonly file: string
  /** What the lab needs. */
  readonly declared: Declared
  /** Those of the secrets; the definition has no errors besides. */
  readonly problems: readonly Problem[]
}

/** `labFolder`: absolute. Throws a FailureError (exit 1) where the definition has other errors: then nobody knows what it needs. */
export async function labSecrets(labFolder: string): Promise<LabSecrets> {
  const repoRoot = repoRootOf(labFolder)
  const labPath = relative(repoRoot, labFolder).split(sep).join('/')
  const [sources, renderers] = await Promise.all([readSources(labFolder), loadRenderers(repoRoot)])
  // An error in the secrets' file must not hide which secrets the lab needs.
  const without = define(
    sources.filter(({ path }) => path !== secretsFile),
    labPath,
    renderers,
  )
  if (without.lab === null) throw otherErrors(labFolder)
  const declared = renderLab(without.lab, renderers, {}).rendering.secrets
  const defined = define(sources, labPath, renderers)
  const text = sources.find(({ path }) => path === secretsFile)?.text ?? null
  const file = join(labFolder, secretsFile)
  const found = { text, held: defined.secrets, rule: await sopsRuleFor(file, repoRoot) }
  const shown = labPath === '' ? secretsFile : `${labPath}/${secretsFile}`
  const { problems } = defined.withFindings(secretsFindings(found, declared))
  const ofSecrets = problems.filter((problem) => problem.file === shown)
  return { ...found, lab: without.lab.name, repoRoot, file, declared, problems: ofSecrets }
}

function otherErrors(where: string): FailureError {
  const what = 'the definition has errors, so it is not known which secrets it needs'
  const next = 'mend what "quorate check" shows, then run again'
  return new FailureError({ what, where, now: 'nothing was changed', next }, 1)
}
