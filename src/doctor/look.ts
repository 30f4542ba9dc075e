/**
 * Looks over a whole cluster, read-only, while brokers go on: the catalog against the store, each
 * log from its start to its end, and where asked for every byte.
 */
import { isFailure } from '../base/errors.ts'
import { checkPrefix } from '../start/claim-prefix.ts'
import { checkBytes } from './check-bytes.ts'
import { checkLogs } from './check-logs.ts'
import { checkStore } from './check-store.ts'
import { tellDamagedGroup } from './damaged-group.ts'
import type { Finding, FindingKind } from './finding.ts'
import type { LookOptions, Patient } from './patient.ts'
import { beginSurvey, type Counts, type Survey } from './survey.ts'

export interface Diagnosis {
  readonly clusterId: string
  /** False where the look was ended early: then what was not found says nothing. */
  readonly isWhole: boolean
  readonly isDeep: boolean
  readonly counts: Counts
  readonly findings: readonly Finding[]
  /** Findings beyond those that are listed. */
  readonly unlisted: readonly { readonly kind: FindingKind; readonly count: number }[]
}

/** @throws Failure 'unavailable' | 'invalid' | 'conflict': why it could not look. */
export async function lookOver(patient: Patient, options: LookOptions): Promise<Diagnosis> {
  const survey = await beginSurvey(patient.catalog)
  await checkMarker(patient, survey)
  await checkStore(patient, survey, options)
  if (!patient.isFleet) await checkJournal(patient, survey, options)
  await checkLogs(patient, survey, options)
  if (options.isDeep) await checkBytes(patient, survey, options)
  const { findings, counts } = survey
  return {
    clusterId: patient.clusterId,
    isWhole: !options.signal.aborted,
    isDeep: options.isDeep,
    counts,
    findings: findings.all(),
    unlisted: findings.unlisted(),
  }
}

/** @throws Failure 'conflict': the place is another cluster's. */
async function checkMarker(
  { objects, isFleet, clusterId, place }: Patient,
  survey: Survey,
): Promise<void> {
  if (!isFleet || (await checkPrefix(objects, clusterId, place))) return
  survey.findings.add('no-marker', place, 'nothing says whose it is')
}

/** Groups of one machine stand in files, which no list tells of. */
async function checkJournal(
  { groups, catalog }: Patient,
  survey: Survey,
  { signal, isDeep }: LookOptions,
): Promise<void> {
  if (isDeep) return // it proves them, and more
  for (const { row, runs } of survey.groups) {
    if (row.objectId === '' || signal.aborted) continue
    const wrong = await groups.prove(row).catch((error: unknown) => {
      if (isFailure(error, 'not-found')) return error.message
      throw error
    })
    if (wrong !== undefined) await tellDamagedGroup(catalog, survey, row, runs, wrong)
  }
}
