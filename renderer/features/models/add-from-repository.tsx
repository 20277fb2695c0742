/** A model of huggingface.co that the catalogue does not have: its address is pasted, a quantisation chosen. */
import { useShallow } from 'zustand/react/shallow';
import { bytes, count } from '../../format.ts';
import { addFromRepository, lookUpAddress, setAddress, useSources } from '../../stores/model-sources.ts';
import { Button } from '../../ui/button.tsx';
import { Problem } from '../../ui/problem.tsx';

export function AddFromRepository() {
  const { address, isLooking, repository, addressProblem } = useSources(
    useShallow(({ address, isLooking, repository, addressProblem }) => ({
      address,
      isLooking,
      repository,
      addressProblem,
    })),
  );
  return (
    <form
      className="mt-3 space-y-2"
      onSubmit={(event) => {
        event.preventDefault();
        void lookUpAddress();
      }}
    >
      <label htmlFor="repository-address" className="text-note leading-4 text-muted">
        Add from Hugging Face: owner/name, or the address of a repository or of a file in it
      </label>
      <div className="flex gap-2">
        <input
          id="repository-address"
          value={address}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setAddress(event.target.value)}
          className="min-w-0 flex-1 rounded-md border border-line-strong bg-raised px-2 py-1"
        />
        <Button type="submit" disabled={address.trim() === '' || isLooking}>
          {isLooking ? 'Looking' : 'Look up'}
        </Button>
      </div>
      {addressProblem && <Problem message={addressProblem} />}
      {repository && <Quantisations />}
    </form>
  );
}

function Quantisations() {
  const repository = useSources((sources) => sources.repository);
  if (!repository) return null;
  const { models, named, licence, family, contextTokens } = repository;
  const facts = [family, contextTokens ? `reads ${count(contextTokens)} tokens` : null, licence];
  return (
    <section aria-label={repository.repository} className="rounded-lg border border-line p-3">
      <p className="text-note leading-4 text-muted">
        {[repository.repository, ...facts].filter((fact) => fact !== null).join(', ')}. Sizes and SHA-256 are what
        huggingface.co declares of these files.
      </p>
      <ul className="mt-2 max-h-64 overflow-y-auto">
        {models.map(({ path, quantisation, bytes: size, parts }) => (
          <li key={path} className="flex items-center justify-between gap-3 py-1">
            <span className={`min-w-0 wrap-anywhere ${path === named ? 'font-[560]' : ''}`} title={path}>
              {quantisation}
              <span className="tabular text-muted">
                {' '}
                {bytes(size)}
                {parts > 1 ? ` in ${parts} files` : ''}
              </span>
            </span>
            <Button
              type="button"
              kind={path === named ? 'primary' : 'quiet'}
              aria-label={`Download ${quantisation}, ${bytes(size)}`}
              onClick={() => void addFromRepository(path)}
            >
              Download
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
