/** The MCP server's client of the API for programs, served by the RocketDoc that is open or by one that the MCP server opened itself. */
export class ApiFailure extends Error {}

export class ApiClient {
  readonly #baseUrl: string;
  readonly #key: string;

  constructor(baseUrl: string, key: string) {
    this.#baseUrl = baseUrl.replace(/\/+$/, '');
    this.#key = key;
  }

  get(path: string): Promise<unknown> {
    return this.#ask(path, {});
  }

  post(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    const headers = { 'Content-Type': 'application/json' };
    return this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body), signal });
  }

  upload(name: string, file: Blob): Promise<unknown> {
    const form = new FormData();
    form.set('purpose', 'user_data');
    form.set('file', file, name);
    return this.#ask('/files', { method: 'POST', body: form });
  }

  async #ask(path: string, init: RequestInit): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(`${this.#baseUrl}${path}`, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), Authorization: `Bearer ${this.#key}` },
      });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ApiFailure(
        `RocketDoc does not answer at ${this.#baseUrl}. Is it open, and are programs allowed in its settings?`,
      );
    }
    const body = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
    if (response.ok && body) return body;
    throw new ApiFailure(body?.error?.message ?? `RocketDoc answered with status ${response.status}.`);
  }
}
