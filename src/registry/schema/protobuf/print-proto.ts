/**
 * Writes a .proto file. Canonical: in the order given, with one way of spacing and no comments.
 * Normalized: full names, and in order what has none: imports, options, fields by number, ranges.
 * Messages keep their order always: message indexes count them. Plain: canonical without extensions
 * and the options that are defined by some, but for those that carry tags and types.
 */
import { isScalar } from './proto-file.ts'
import type {
  ProtoEnum,
  ProtoExtend,
  ProtoField,
  ProtoFile,
  ProtoMessage,
  ProtoOption,
  ProtoService,
} from './proto-file.ts'
import type { ProtoDocument } from './proto-types.ts'

export type ProtoNotation = 'canonical' | 'normalized' | 'plain'

export function printProto(document: ProtoDocument, notation: ProtoNotation): string {
  return new ProtoPrinting(document, notation).file(document.file)
}

type Lines = readonly string[]
const indented = (lines: Lines): Lines => lines.map((line) => (line === '' ? '' : `  ${line}`))
const block = (head: string, body: Lines): Lines =>
  body.length === 0 ? [`${head} {}`] : [`${head} {`, ...indented(body), '}']

const isKept = ({ name }: ProtoOption): boolean =>
  !name.startsWith('(') || /^\(\.?confluent\./.test(name)

class ProtoPrinting {
  readonly #document: ProtoDocument
  readonly #normalized: boolean
  readonly #plain: boolean

  constructor(document: ProtoDocument, notation: ProtoNotation) {
    this.#document = document
    this.#normalized = notation === 'normalized'
    this.#plain = notation === 'plain'
  }

  file(file: ProtoFile): string {
    const head = [
      file.syntax === 'editions' ? `edition = "${file.edition}";` : `syntax = "${file.syntax}";`,
      ...(file.package === '' ? [] : [`package ${file.package};`]),
    ]
    const imports = this.#sorted(
      file.imports.map(
        ({ path, kind }) => `import ${kind === undefined ? '' : `${kind} `}"${path}";`,
      ),
    )
    const options = this.#options(file.options).map((option) => `option ${option};`)
    const scope = file.package
    const parts: readonly Lines[] = [
      imports,
      options,
      ...file.messages.filter(({ isGroup }) => !isGroup).map((each) => this.#message(each, scope)),
      ...file.enums.map((each) => this.#enum(each)),
      ...this.#extensions(file.extends).map((each) => this.#extend(each, file.messages, scope)),
      ...file.services.map((each) => this.#service(each, scope)),
    ]
    const texts = parts.filter((part) => part.length > 0).map((part) => part.join('\n'))
    return `${[head.join('\n'), ...texts].join('\n\n')}\n`
  }

  #sorted(lines: Lines): Lines {
    return this.#normalized ? [...new Set(lines)].sort() : lines
  }

  #options(options: readonly ProtoOption[]): Lines {
    const kept = this.#plain ? options.filter(isKept) : options
    return this.#sorted(kept.map(({ name, value }) => `${name} = ${value}`))
  }

  #extensions<Part>(parts: readonly Part[]): readonly Part[] {
    return this.#plain ? [] : parts
  }

  #name(name: string, scope: string): string {
    if (!this.#normalized || isScalar(name)) return name
    const full = this.#document.resolve(name, scope)
    return full === undefined ? name : `.${full}`
  }

  #message(message: ProtoMessage, outer: string): Lines {
    return block(`message ${message.name}`, this.#body(message, outer))
  }

  #body(message: ProtoMessage, outer: string): Lines {
    const scope = outer === '' ? message.name : `${outer}.${message.name}`
    const nested = message.messages.filter(({ isGroup }) => !isGroup)
    return [
      ...this.#options(message.options).map((option) => `option ${option};`),
      ...this.#sorted(message.reserved).map((range) => `reserved ${range};`),
      ...this.#sorted(this.#extensions(message.extensions)).map((range) => `extensions ${range};`),
      ...this.#fields(message, scope),
      ...nested.flatMap((each) => ['', ...this.#message(each, scope)]),
      ...message.enums.flatMap((each) => ['', ...this.#enum(each)]),
      ...this.#extensions(message.extends).flatMap((each) => [
        '',
        ...this.#extend(each, message.messages, scope),
      ]),
    ]
  }

  /** A oneof stands where its first field does. */
  #fields(message: ProtoMessage, scope: string): Lines {
    const fields = this.#normalized
      ? message.fields.toSorted((a, b) => a.number - b.number)
      : message.fields
    const written = new Set<string>()
    return fields.flatMap((field) => {
      const { oneof } = field
      if (oneof === undefined) return this.#field(field, message.messages, scope)
      if (written.has(oneof)) return []
      written.add(oneof)
      const options = message.oneofs.find(({ name }) => name === oneof)?.options ?? []
      return block(`oneof ${oneof}`, [
        ...this.#options(options).map((option) => `option ${option};`),
        ...fields
          .filter((each) => each.oneof === oneof)
          .flatMap((each) => this.#field(each, message.messages, scope)),
      ])
    })
  }

  #field(field: ProtoField, messages: readonly ProtoMessage[], scope: string): Lines {
    const label = field.label === undefined ? '' : `${field.label} `
    const options = this.#options(field.options)
    const listed = options.length === 0 ? '' : ` [${options.join(', ')}]`
    const type = this.#name(field.type, scope)
    const group = field.isGroup ? messages.find(({ name }) => name === field.type) : undefined
    if (group !== undefined)
      return block(
        `${label}group ${field.type} = ${field.number}${listed}`,
        this.#body(group, scope),
      )
    const of = field.mapKey === undefined ? type : `map<${field.mapKey}, ${type}>`
    return [`${label}${of} ${field.name} = ${field.number}${listed};`]
  }

  #enum(of: ProtoEnum): Lines {
    const values = this.#normalized
      ? // The first value is the default, also where another has a lower number.
        [...of.values.slice(0, 1), ...of.values.slice(1).sort((a, b) => a.number - b.number)]
      : of.values
    return block(`enum ${of.name}`, [
      ...this.#options(of.options).map((option) => `option ${option};`),
      ...this.#sorted(of.reserved).map((range) => `reserved ${range};`),
      ...values.map(({ name, number, options }) => {
        const listed = this.#options(options)
        return `${name} = ${number}${listed.length === 0 ? '' : ` [${listed.join(', ')}]`};`
      }),
    ])
  }

  #extend(of: ProtoExtend, messages: readonly ProtoMessage[], scope: string): Lines {
    return block(
      `extend ${this.#name(of.extendee, scope)}`,
      of.fields.flatMap((each) => this.#field(each, messages, scope)),
    )
  }

  #service(service: ProtoService, scope: string): Lines {
    const of = (type: string, streams: boolean): string =>
      `(${streams ? 'stream ' : ''}${this.#name(type, scope)})`
    return block(`service ${service.name}`, [
      ...this.#options(service.options).map((option) => `option ${option};`),
      ...service.methods.flatMap((each) => {
        const head =
          `rpc ${each.name} ${of(each.input, each.inputStreams)} returns ` +
          of(each.output, each.outputStreams)
        const options = this.#options(each.options).map((option) => `option ${option};`)
        return options.length === 0 ? [`${head};`] : block(head, options)
      }),
    ])
  }
}
