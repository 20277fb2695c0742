/** What About RocketDoc shows: versions, device, licences. Loaded when it is first opened. */
import { create } from 'zustand';
import type { About } from '../../electron/contract/app-types.ts';
import { api, type CallFailure, failureOf } from './api.ts';

export const useAbout = create<{ about: About | null; failure: CallFailure | null }>(() => ({
  about: null,
  failure: null,
}));

export async function loadAbout(): Promise<void> {
  if (useAbout.getState().about) return;
  try {
    useAbout.setState({ about: await api().about(), failure: null });
  } catch (error) {
    useAbout.setState({ failure: failureOf(error) });
  }
}
