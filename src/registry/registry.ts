/** The schema registry: what its HTTP face and the broker ask. Correct with any number of brokers. */
import type { Clock } from '../base/clock.ts'
import type { CatalogDatabase, ReadTransaction, Transaction } from '../catalog/database.ts'
import { registryContexts, registrySettings, registrySubjects } from '../catalog/schema-registry.ts'
import type { AssociationRequest } from './associations/association-request.ts'
import {
  type AssociatedSubject,
  type AssociationChange,
  changeAssociations,
} from './associations/change-associations.ts'
import { changeContexts, seeChanges } from './context-changes.ts'
import { type Conflicts, conflictsOf } from './compatible.ts'
import { deleteSubject, deleteVersion } from './delete-versions.ts'
import { type Deleted, isWanted, unaliased, versionOfSchema } from './lookups.ts'
import { registryErrors } from './registry-error.ts'
import { readReferrers, readVersions } from './registry-reads.ts'
import { contentUnder, registerSchema, type SchemaRequest } from './register.ts'
import type { RequestParser } from './judge/request-parser.ts'
import type { SchemaJudge } from './judge/schema-job.ts'
import { type SchemaFormats, SchemaParser } from './schema-parser.ts'
import {
  findVersion,
  type SubjectVersion,
  type VersionChoice,
  withSchemas,
} from './subject-version.ts'
import { qualified, type SubjectName } from './subject-name.ts'
import { taggedVersion, type VersionTagging } from './tag-version.ts'

export interface RegistryParts {
  readonly database: CatalogDatabase
  readonly formats: SchemaFormats
  readonly clock: Clock
  /** Works on large schemas; on the thread that asks where it is not said. */
  readonly judge?: SchemaJudge
}

export class Registry {
  readonly database: CatalogDatabase
  readonly parser: SchemaParser
  readonly #clock: Clock

  constructor({ database, formats, clock, judge }: RegistryParts) {
    this.database = database
    this.parser = new SchemaParser(formats, judge)
    this.#clock = clock
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  /** One snapshot for one of lookups.ts. @throws Failure 'unavailable' */
  look<Result>(body: (tx: ReadTransaction) => Promise<Result>): Promise<Result> {
    return this.database.snapshot('look up schemas', body)
  }

  /** As look, for what reads schemas. @throws RegistryError 429, 42209. Failure 'unavailable' */
  study<Result>(
    body: (tx: ReadTransaction, parser: RequestParser) => Promise<Result>,
  ): Promise<Result> {
    return this.parser.run((parser) => this.look((tx) => body(tx, parser)))
  }

  /** See registerSchema. */
  register(name: SubjectName, request: SchemaRequest): Promise<SubjectVersion> {
    const { database, parser } = this
    return registerSchema({ database, parser, nowMs: () => this.nowMs() }, name, request)
  }

  /**
   * Registers a version that differs from the one chosen in tags, metadata and rules.
   *
   * @throws RegistryError as register; 40401, 40402, 42210
   */
  async tag(
    name: SubjectName,
    choice: VersionChoice,
    tagging: VersionTagging,
  ): Promise<SubjectVersion> {
    return this.register(name, await this.look((tx) => taggedVersion(tx, name, choice, tagging)))
  }

  /** See versionOfSchema. */
  find(name: SubjectName, request: SchemaRequest, which: Deleted): Promise<SubjectVersion> {
    return this.study((tx, parser) => versionOfSchema(tx, parser, name, request, which))
  }

  /** @throws RegistryError 40401, 40402 */
  version(asked: SubjectName, choice: VersionChoice, deleted: boolean): Promise<SubjectVersion> {
    return this.look(async (tx) => {
      const name = await unaliased(tx, asked)
      const row = await findVersion(tx, name, qualified(asked), choice, deleted)
      return (await withSchemas(tx, name.context, [row]))[0] as SubjectVersion
    })
  }

  /** Ids of the schemas that refer to the version. @throws RegistryError 40401, 40402 */
  referencedBy(asked: SubjectName, choice: VersionChoice): Promise<number[]> {
    return this.look(async (tx) => {
      const name = await unaliased(tx, asked)
      const { version } = await findVersion(tx, name, qualified(asked), choice, true)
      return readReferrers(tx, name, version)
    })
  }

  /**
   * Holds a schema against one version, or, where none is named, against those that the level asks
   * for. A subject without versions takes any.
   *
   * @throws RegistryError 40401, 40402, 42201
   */
  compatibility(
    asked: SubjectName,
    choice: VersionChoice | undefined,
    request: SchemaRequest,
  ): Promise<Conflicts> {
    return this.study(async (tx, parser) => {
      const name = await unaliased(tx, asked)
      const rows =
        choice === undefined
          ? (await readVersions(tx, name)).filter(({ deleted }) =>
              isWanted('without', deleted === 1),
            )
          : [await findVersion(tx, name, qualified(asked), choice, false)]
      const versions = await withSchemas(tx, name.context, rows)
      const content = await contentUnder(tx, parser, name, request)
      return conflictsOf(tx, parser, name, content, versions)
    })
  }

  /** See changeAssociations. */
  changeAssociations(
    request: AssociationRequest,
    change: AssociationChange,
  ): Promise<AssociatedSubject[]> {
    const { database, parser } = this
    return changeAssociations({ database, parser, nowMs: () => this.nowMs() }, request, change)
  }

  /** See deleteSubject. */
  deleteSubject(name: SubjectName, isPermanent: boolean): Promise<number[]> {
    return deleteSubject(this.database, name, isPermanent)
  }

  /** See deleteVersion. */
  deleteVersion(name: SubjectName, choice: VersionChoice, isPermanent: boolean): Promise<number> {
    return deleteVersion(this.database, name, choice, isPermanent)
  }

  /**
   * Forgets what is set for a context that has no subjects. Its ids go on where they were, should
   * it come again.
   *
   * @throws RegistryError 42211
   */
  async deleteContext(context: string): Promise<void> {
    await changeContexts(this.database, 'delete context', () =>
      this.look(async (tx) => {
        const [first] = await tx.scan(registrySubjects, { prefix: [context], limit: 1 })
        if (first !== undefined) throw registryErrors.contextNotEmpty(context)
        const seen = await seeChanges(tx, [context])
        const keys = ['config', 'mode'].map((kind) => [context, '', kind])
        const write = async (locked: Transaction): Promise<void> => {
          await locked.delete(registrySettings, keys)
        }
        return { seen, contexts: [context], write }
      }),
    )
  }

  /** The highest id that was given in a context; 0 where none was. */
  maxId(context: string): Promise<number> {
    return this.look(async (tx) => {
      const [row] = await tx.get(registryContexts, [[context]])
      return (row?.nextId ?? 1) - 1
    })
  }
}
