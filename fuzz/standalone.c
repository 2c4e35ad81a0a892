/* SPDX-License-Identifier: Apache-2.0 */
/* Replays inputs through a fuzz target: each argument is a file, or a directory of files.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replayed;

/* The copy has the exact size, so that a sanitizer sees one byte too many. */
static int replay_file(const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(size ? size : 1);
    int rc = f && data && fread(data, 1, size, f) == size ? 0 : 1;
    if (rc == 0) {
        fprintf(stderr, "%s\n", path); /* before it runs: a crash has a name */
        LLVMFuzzerTestOneInput(data, size);
        replayed++;
    } else {
        perror(path);
    }
    free(data);
    if (f)
        fclose(f);
    return rc;
}

static int replay(const char *path);

static int replay_dir(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        perror(path);
        return 1;
    }
    int rc = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char inner[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        rc |= replay(inner);
    }
    closedir(dir);
    return rc;
}

static int replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        return 1;
    }
    return S_ISDIR(st.st_mode) ? replay_dir(path) : replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
    int rc = 0;
    for (int i = 1; i < argc; i++)
        rc |= replay(argv[i]);
    printf("%d inputs replayed\n", replayed);
    return rc || replayed == 0;
}
