// The least that reading a dump can be: loop DUMP
//
// Maps the dump, parses every record once, sorts the SVs by address, and links every reference to the SV that it leads
// to. No columns, no names, no index; nothing is written but one line: how many SVs and linked references there are.
// `make bench` compiles it and compares its time with that of the whole index. It takes dumps of this machine alone:
// little-endian, numbers and pointers of 8 bytes.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

using Byte = std::uint8_t;
using Number = std::uint64_t;
using Id = std::uint32_t;

constexpr Number null_length = ~Number{0};
constexpr Id nobody = ~Id{0};

// Types of records.
constexpr int array = 4, hash = 5, stash = 6, code = 7, object = 16, class_ = 17;
constexpr int c_struct = 0x7F, first_extension = 0x80, meta_struct = 0xF0, unknown = 0xFF;

[[noreturn]] void fail(const char *problem) {
    std::fprintf(stderr, "loop: %s\n", problem);
    std::exit(2);
}

// Takes one value after the other; each is checked against the end of the data.
class Reader {
  public:
    Reader(const Byte *data, std::size_t size) : at_(data), end_(data + size) {}

    const Byte *take(Number size) {
        if (size > static_cast<Number>(end_ - at_)) fail("truncated");
        const Byte *taken = at_;
        at_ += size;
        return taken;
    }
    Byte u8() { return *take(1); }
    std::uint32_t u32() { return read<std::uint32_t>(take(4)); }
    Number number() { return read<Number>(take(8)); }
    void string() {
        const Number length = number();
        if (length != null_length) take(length);
    }

    template <typename T> static T read(const Byte *at) {
        T value;
        std::memcpy(&value, at, sizeof value);
        return value;
    }

  private:
    const Byte *at_;
    const Byte *end_;
};

struct Sizes {
    Byte header, pointers, strings;
};

struct Layout {
    int minor;
    Sizes types[256] = {};
    int type_count;
    Sizes extensions[256] = {};
    int extension_count;
};

int read_sizes(Reader &reader, Sizes *sizes) {
    const int count = reader.u8();
    for (int i = 0; i < count; ++i) {
        const Byte *row = reader.take(3);
        sizes[i] = {row[0], row[1], row[2]};
    }
    return count;
}

Layout read_header(Reader &reader) {
    if (std::memcmp(reader.take(4), "PMAT", 4) != 0) fail("no heap dump");
    // Big-endian, 8-byte numbers, 8-byte pointers.
    if ((reader.u8() & 7) != 6) fail("a dump of another machine");
    reader.take(2);
    Layout layout;
    layout.minor = reader.u8();
    if (layout.minor < 4) fail("an old format");
    reader.u32();
    layout.type_count = read_sizes(reader, layout.types);
    layout.extension_count = read_sizes(reader, layout.extensions);
    Sizes contexts[256];
    read_sizes(reader, contexts);
    return layout;
}

void skip_roots_and_stack(Reader &reader) {
    reader.take(3 * 8);
    for (std::uint32_t left = reader.u32(); left > 0; --left) {
        reader.string();
        reader.number();
    }
    for (Number left = reader.number(); left > 0; --left) reader.number();
}

// What the records say: the address of each SV, and the addresses that its references lead to, in the order of the file.
struct Records {
    std::vector<Number> address;
    std::vector<Id> first_reference;
    std::vector<Number> target;

    // Room for as many as a dump of this size usually has; what is not needed is never touched.
    explicit Records(std::size_t bytes) {
        address.reserve(bytes / 64);
        first_reference.reserve(bytes / 64);
        target.reserve(bytes / 32);
    }
    void refer(Number to) {
        if (to != 0) target.push_back(to);
    }
};

void read_code(Reader &reader, Records &records) {
    for (;;) {
        switch (reader.u8()) {
        case 0: return;
        case 1:
        case 3:
        case 7: records.refer(reader.number()); break;
        case 2:
        case 4: reader.number(); break;
        case 5: reader.number(); reader.string(); reader.number(); break;
        case 6: reader.take(3 * 8); break;
        case 8: reader.number(); records.refer(reader.number()); break;
        case 9: reader.take(8 + 1); break;
        case 10: reader.take(3 * 8); break;
        default: fail("an unknown part of a CODE");
        }
    }
}

void read_class(Reader &reader) {
    while (const int part = reader.u8()) {
        if (part != 1) fail("an unknown part of a CLASS");
        reader.number();
        reader.string();
    }
}

void read_entries(Reader &reader, Records &records, Number count, int pointers) {
    for (; count > 0; --count) {
        reader.string();
        const Byte *at = reader.take(8 * pointers);
        records.refer(Reader::read<Number>(at + 8 * (pointers - 1)));
    }
}

void read_sv(Reader &reader, const Layout &layout, int type, Records &records) {
    const Sizes &common = layout.types[0], &sizes = layout.types[type];
    records.address.push_back(Reader::read<Number>(reader.take(common.header)));
    records.first_reference.push_back(static_cast<Id>(records.target.size()));
    records.refer(reader.number());
    reader.take(8 * (common.pointers - 1));
    const Byte *header = reader.take(sizes.header);
    for (int i = 0; i < sizes.pointers; ++i) records.refer(reader.number());
    for (int i = 0; i < sizes.strings; ++i) reader.string();
    switch (type) {
    case array:
    case object:
        for (Number left = Reader::read<Number>(header); left > 0; --left) records.refer(reader.number());
        break;
    case hash:
    case stash:
    case class_:
        read_entries(reader, records, Reader::read<Number>(header), layout.minor >= 6 ? 2 : 1);
        if (type == class_) read_class(reader);
        break;
    case code: read_code(reader, records); break;
    }
}

Records read_records(Reader &reader, const Layout &layout, std::size_t bytes) {
    Records records(bytes);
    while (const int type = reader.u8()) {
        if (type < first_extension) {
            if (type >= layout.type_count || type == c_struct) fail("a record of an unknown type");
            read_sv(reader, layout, type, records);
        } else {
            const int number = type - first_extension;
            if (type == meta_struct || type == unknown || number >= layout.extension_count)
                fail("an extension of an unknown type");
            const Sizes &sizes = layout.extensions[number];
            reader.take(8 + sizes.header + 8 * sizes.pointers);
            for (int i = 0; i < sizes.strings; ++i) reader.string();
        }
    }
    records.first_reference.push_back(static_cast<Id>(records.target.size()));
    return records;
}

// From addresses to ids, by open addressing: a slot has the address's id, and a look at the addresses decides.
class Ids {
  public:
    explicit Ids(const std::vector<Number> &address) : address_(address) {
        while ((std::size_t{1} << bits_) < 2 * address.size()) ++bits_;
        slots_.assign(std::size_t{1} << bits_, nobody);
        for (Id id = 0; id < address.size(); ++id) slots_[slot_of(address[id])] = id;
    }

    Id at(Number address) const { return slots_[slot_of(address)]; }

  private:
    // Where an address is, or, if it is nowhere, a free slot for it.
    std::size_t slot_of(Number address) const {
        const std::size_t mask = slots_.size() - 1;
        std::size_t slot = (address * 0x9E3779B97F4A7C15u) >> (64 - bits_);
        while (slots_[slot] != nobody && address_[slots_[slot]] != address) slot = (slot + 1) & mask;
        return slot;
    }

    const std::vector<Number> &address_;
    std::vector<Id> slots_;
    int bits_ = 4;
};

} // namespace

int main(int argc, char **argv) {
    if (argc != 2) fail("usage: loop DUMP");
    const int file = open(argv[1], O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) fail("cannot open the dump");
    void *mapped = mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED) fail("cannot map the dump");
    Reader reader(static_cast<const Byte *>(mapped), status.st_size);
    const Layout layout = read_header(reader);
    skip_roots_and_stack(reader);
    const Records records = read_records(reader, layout, status.st_size);

    const std::size_t svs = records.address.size();
    std::vector<std::pair<Number, Id>> order(svs);
    for (Id row = 0; row < svs; ++row) order[row] = {records.address[row], row};
    std::sort(order.begin(), order.end());
    std::vector<Number> address(svs);
    for (Id id = 0; id < svs; ++id) address[id] = order[id].first;

    const Ids ids(address);
    std::vector<Id> start(svs + 1), target;
    target.reserve(records.target.size());
    for (Id id = 0; id < svs; ++id) {
        const Id row = order[id].second;
        for (Id i = records.first_reference[row]; i < records.first_reference[row + 1]; ++i)
            if (const Id to = ids.at(records.target[i]); to != nobody) target.push_back(to);
        start[id + 1] = static_cast<Id>(target.size());
    }
    std::printf("%zu SVs, %zu references\n", svs, target.size());
}
