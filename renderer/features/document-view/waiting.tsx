/** Says what is being loaded. */
export function Waiting({ what }: { what: string }) {
  return (
    <p role="status" className="p-4 text-muted">
      {what}.
    </p>
  );
}
