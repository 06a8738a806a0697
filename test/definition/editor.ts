/** An editor with yaml-language-server, as it works on the files of a lab: what it underlines, offers and explains. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { getLanguageService, type LanguageService } from 'yaml-language-server'
import { packageRoot } from '../../scripts/lib/roots.ts'

export interface Editor {
  /** What is underlined in the text, if it stood in that file of the repository. */
  underlined(file: string, text: string): Promise<readonly string[]>
  /** What is offered at the end of the text. */
  offered(file: string, text: string): Promise<readonly Offer[]>
  /** What is explained where the word stands. */
  explained(file: string, text: string, word: string): Promise<string>
}

export interface Offer {
  readonly label: string
  readonly documentation: string
}

/** Finds schemas by nothing but the first line of each file. */
export function openEditor(): Editor {
  const service = getLanguageService({
    schemaRequestService: (uri) => readFile(fileURLToPath(uri), 'utf8'),
    workspaceContext: { resolveRelativePath: (path, resource) => new URL(path, resource).href },
  })
  service.configure({ validate: true, hover: true, completion: true, schemas: [] })
  return {
    async underlined(file, text) {
      const found = await service.doValidation(document(file, text), false)
      return found.map(({ message, range }) => `${range.start.line + 1}:${range.start.character + 1} ${message}`)
    },
    async offered(file, text) {
      const opened = document(file, text)
      const { items } = await service.doComplete(opened, opened.positionAt(text.length), false)
      return items.map(({ label, documentation }) => ({
        label,
        documentation: typeof documentation === 'object' ? documentation.value : (documentation ?? ''),
      }))
    },
    async explained(file, text, word) {
      const opened = document(file, text)
      const hover = await service.doHover(opened, opened.positionAt(text.indexOf(word) + 1))
      return JSON.stringify(hover?.contents ?? '')
    },
  }
}

type TextDocument = Parameters<LanguageService['doValidation']>[0]

interface TextDocuments {
  readonly TextDocument: { create(uri: string, language: string, version: number, text: string): TextDocument }
}

// The server takes documents of this package's make only, and brings it along; it is no dependency of ours.
const ofServer = createRequire(createRequire(import.meta.url).resolve('yaml-language-server'))
const { TextDocument: textDocuments } = ofServer('vscode-languageserver-textdocument') as TextDocuments

let version = 0

/** A new version each time: the server remembers what it said about a document's version. */
function document(file: string, text: string): TextDocument {
  return textDocuments.create(pathToFileURL(join(packageRoot, file)).href, 'yaml', ++version, text)
}
