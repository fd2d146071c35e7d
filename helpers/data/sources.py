"""Where data sets come from: the files to be had, and real data else an offline world.

An offline world is made on the spot and needs no file; `helpers.data.worlds` has them.
"""

from helpers.data.fetch import Unavailable, fetch

KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
GITHUB = "https://raw.githubusercontent.com"
GPT2 = (
    "https://huggingface.co/openai-community/gpt2/resolve/"
    "607a30d783dfa663caf39e06633721c8d4cfcd7e"
)

# Every file that a page may use, by its path below COURSE_DATA; size in bytes.
FILES = {
    "mnist.npz": {
        "url": f"{KERAS}/mnist.npz",
        "sha256": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        "size": 11_490_434,
    },
    "fashion-mnist/train-images-idx3-ubyte.gz": {
        "url": f"{KERAS}/train-images-idx3-ubyte.gz",
        "sha256": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "size": 26_421_880,
    },
    "fashion-mnist/train-labels-idx1-ubyte.gz": {
        "url": f"{KERAS}/train-labels-idx1-ubyte.gz",
        "sha256": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "size": 29_515,
    },
    "fashion-mnist/t10k-images-idx3-ubyte.gz": {
        "url": f"{KERAS}/t10k-images-idx3-ubyte.gz",
        "sha256": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "size": 4_422_102,
    },
    "fashion-mnist/t10k-labels-idx1-ubyte.gz": {
        "url": f"{KERAS}/t10k-labels-idx1-ubyte.gz",
        "sha256": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        "size": 5_148,
    },
    "shakespeare.txt": {
        "url": f"{GITHUB}/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "sha256": "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        "size": 1_115_394,
    },
    "dickinson.txt": {
        "url": f"{GITHUB}/GITenberg/Poems-by-Emily-Dickinson-"
        "Three-Series-Complete_12242/master/12242.txt",
        "sha256": "6bab04e9cca647f1433cc432e6d0b2fb8382d19c054752bbed9c2ae722b49829",
        "size": 208_189,
    },
    "ag_news_train.csv": {
        "url": f"{GITHUB}/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/train.csv",
        "sha256": "76a0a2d2f92b286371fe4d4044640910a04a803fdd2538e0f3f29a5c6f6b672e",
        "size": 29_470_338,
    },
    "gpt2/model.safetensors": {
        "url": f"{GPT2}/model.safetensors",
        "sha256": "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
        "size": 548_105_171,
    },
    "gpt2/vocab.json": {
        "url": f"{GPT2}/vocab.json",
        "sha256": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
        "size": 1_042_301,
    },
    "gpt2/merges.txt": {
        "url": f"{GPT2}/merges.txt",
        "sha256": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
        "size": 456_318,
    },
}


def fetch_file(name, *, download=True):
    """Return the path of one of `FILES`, verified, downloading it where it must be.

    Args:
        name: str, one of `FILES`.
        download: bool. Whether the address may be asked, if no folder has the file.

    Raises:
        Unavailable: it is in no folder and cannot be downloaded; see
            `helpers.data.fetch.fetch`.
    """
    return fetch(name, **FILES[name], download=download)


def load_source(source, loaders, *, notice):
    """Load a data set from the source asked for, or the best one that can be had.

    Args:
        source: str. One of the loaders' names, or `"auto"`: the first where its files
            can be had, else the last, saying so in one visible line.
        loaders: dict of str to function without arguments. The first loads the usual
            real set, the last makes the offline world, which needs no file.
        notice: str. What to say where the last stands in for the first.

    Returns:
        what the loader returns.

    Raises:
        ValueError: unknown source.
        Unavailable: a source asked for by name cannot be had; none is put in its place.
    """
    if source != "auto" and source not in loaders:
        *others, last = map(repr, ("auto", *loaders))
        raise ValueError(
            f"source must be {', '.join(others)} or {last}, got {source!r}."
        )
    if source != "auto":
        return loaders[source]()
    first, *_, last = loaders.values()
    try:
        return first()
    except Unavailable as error:
        print(f"{notice} {error}")
    return last()
