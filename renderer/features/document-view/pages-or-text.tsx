/** A PDF whose pages cannot be drawn has its text: whatever the viewer throws ends here, not with the window. */
import { Component, type ReactNode } from 'react';

interface PagesOrTextProps {
  onBroken: (why: string) => void;
  children: ReactNode;
}

export class PagesOrText extends Component<PagesOrTextProps, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override componentDidCatch() {
    this.props.onBroken('The pages of this PDF cannot be drawn here. Its text is shown.');
  }

  override render() {
    return this.state.isBroken ? null : this.props.children;
  }
}
