/** An error boundary around the PDF viewer: when the viewer throws, the document's text is shown instead, and the window goes on. */
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
