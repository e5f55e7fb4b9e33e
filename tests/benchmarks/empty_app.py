"""An app with nothing in it: what Gradio itself needs until it answers."""

import argparse

import gradio as gr


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    with gr.Blocks() as demo:
        pass
    demo.launch(
        server_name="127.0.0.1", server_port=parser.parse_args().port, inbrowser=False, ssr_mode=False, quiet=True
    )


if __name__ == "__main__":
    main()
