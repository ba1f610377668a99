"""The data sets that are downloaded: where torchvision has them, their size, their checksums."""

from typing import NamedTuple


class Source(NamedTuple):
    """Where a data set comes from, and how its files are known to be whole."""

    title: str
    dataset: str  # the name of torchvision's class
    folder: str  # of the files, below the root
    download_mb: int
    room_mb: int  # for the files, and what they are unpacked from
    md5: dict[str, str]  # of each file as unpacked


# Of these two torchvision knows only the MD5 of the archives, which tells nothing about a file that
# was unpacked last year. These are the MD5s of the unpacked files; data/README.md says whence.
MNIST_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
FASHION_MNIST_MD5 = {
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}
CIFAR10_MD5 = {  # as torchvision has them
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
    "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
}
SOURCES = {
    "mnist": Source("MNIST", "MNIST", "MNIST/raw", 12, 90, MNIST_MD5),
    "fashion_mnist": Source(
        "Fashion-MNIST", "FashionMNIST", "FashionMNIST/raw", 31, 90, FASHION_MNIST_MD5
    ),
    "cifar10": Source("CIFAR-10", "CIFAR10", "cifar-10-batches-py", 170, 360, CIFAR10_MD5),
}
